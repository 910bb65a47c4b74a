import { EgressError } from "../../shared/errors.ts";
import type { Lock } from "../../shared/lock/port.ts";
import type { Engine, Process } from "./engine.ts";
import { request } from "./network.ts";

/** As shared/lock/redlock.ts has it: a holder that died keeps others out for this long. */
const lifeMs = 10_000;
const tries = 10;

export type Locks = Map<string, { readonly token: string; untilMs: number }>;

/** Redlock as a process meets it: a lock with a life, extended at half of it, lost by whoever stands still for longer. */
export function lockFrom(locks: Locks, engine: Engine, process: Process, reaches: () => boolean): Lock {
  const ask = (call: string, perform: () => boolean): Promise<boolean> =>
    request(
      engine,
      process,
      {
        call: `lock.${call}`,
        outMs: 1,
        backMs: 1,
        patienceMs: 3_000,
        giveUp: () => new EgressError("LOCK_LOST", "no vote"),
        ...(reaches() ? {} : { lost: "request" as const }),
      },
      perform,
    );
  const mine = (resource: string, token: string): boolean => {
    const held = locks.get(resource);
    return held !== undefined && held.token === token && held.untilMs > engine.now();
  };
  function take(resource: string, token: string): boolean {
    const held = locks.get(resource);
    if (held !== undefined && held.token !== token && held.untilMs > engine.now()) return false;
    locks.set(resource, { token, untilMs: engine.now() + lifeMs });
    return true;
  }

  return {
    async using(resource, work) {
      const token = `${process.name} ${process.random.next()}`;
      for (let failures = 0; !(await ask("take", () => take(resource, token)));) {
        failures += 1;
        if (failures > tries) throw new EgressError("LOCK_LOST", `no lock on ${resource}`);
        await new Promise((resolve) => setTimeout(resolve, 200 + process.random.between(0, 100)));
      }
      const lost = new AbortController();
      const timer = setInterval(() => {
        ask("extend", () => mine(resource, token) && take(resource, token)).then(
          (still) => still || lost.abort(new Error("lock lost")),
          () => lost.abort(new Error("lock not extended")),
        );
      }, lifeMs / 2);
      try {
        const value = await work(lost.signal);
        if (lost.signal.aborted) throw new EgressError("LOCK_LOST", `lost the lock on ${resource}`);
        return value;
      } finally {
        clearInterval(timer);
        await ask("free", () => mine(resource, token) && locks.delete(resource)).catch(() => false);
      }
    },
  };
}
