import type { Claim, Renewal } from "../../shared/ledger/port.ts";
import type { PodNote } from "../../shared/ledger/records.ts";
import type { LeaseAnswer, Leases } from "../../shared/leases/port.ts";

type Step<T> = T | Error | (() => Promise<T>);

/** Leases that answer what the test lays down, the last answer again and again; `calls` is what they were asked. */
export interface ScriptedLeases extends Leases {
  readonly calls: string[];
  /** What the last acquire or renewal said of the pod; null: nothing. */
  note: PodNote | null;
  readonly answers: {
    acquire: Step<LeaseAnswer>[];
    renew: Step<Renewal>[];
    drain: Step<void>[];
    release: Step<void>[];
  };
  /** How long the agent meant to sleep each time it waited for a wake-up. */
  readonly sleeps: number[];
  wake(): void;
}

export function scriptedLeases(first: Step<LeaseAnswer>): ScriptedLeases {
  const calls: string[] = [];
  const sleeps: number[] = [];
  let wakeUp: (() => void) | undefined;
  const answers: ScriptedLeases["answers"] = {
    acquire: [first],
    renew: [{ status: "renewed", ip: "203.0.113.1", expiresAtMs: 0, late: false }],
    drain: [undefined],
    release: [undefined],
  };

  async function next<T>(name: keyof typeof answers, steps: Step<T>[]): Promise<T> {
    calls.push(name);
    const step = (steps.length > 1 ? steps.shift() : steps[0]) as Step<T>;
    if (step instanceof Error) throw step;
    return typeof step === "function" ? (step as () => Promise<T>)() : step;
  }

  const leases: ScriptedLeases = {
    calls,
    note: null,
    sleeps,
    answers,
    wake: () => wakeUp?.(),
    acquire(claim: Claim) {
      leases.note = claim.note ?? null;
      return next("acquire", answers.acquire);
    },
    woken: (_podUid, timeoutMs, signal) =>
      new Promise((resolve) => {
        sleeps.push(timeoutMs);
        const timer = setTimeout(resolve, timeoutMs);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal?.aborted === true) wakeUp();
        signal?.addEventListener("abort", wakeUp);
      }),
    renew(_podUid, note) {
      leases.note = note;
      return next("renew", answers.renew);
    },
    drain: () => next("drain", answers.drain),
    release: () => next("release", answers.release),
    close: async () => undefined,
  };
  return leases;
}
