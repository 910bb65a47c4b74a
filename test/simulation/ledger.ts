import { EgressError } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Engine, Process } from "./engine.ts";
import { request } from "./network.ts";

/** How Redis is today. */
export interface RedisWeather {
  down: boolean;
  lostRequests: number;
  lostAnswers: number;
  slowMs: number;
  /** A replica, or a server out of memory: it reads, and writes nothing. */
  refuses: "nothing" | "writes, read-only" | "writes, full";
}

export const fairRedis: RedisWeather = { down: false, lostRequests: 0, lostAnswers: 0, slowMs: 0, refuses: "nothing" };

const reading: ReadonlySet<string> = new Set(["now", "snapshot", "look", "history", "subscribe"]);

/** The one ledger, as a process reaches it over the network. `trap` says which answer of which command is lost. */
export function ledgerFrom(
  ledger: Ledger,
  engine: Engine,
  process: Process,
  weather: RedisWeather,
  reaches: () => boolean,
  trap: (command: string) => "request" | "answer" | undefined,
): Ledger {
  const { random } = process;
  const reached = (): boolean => reaches() && !weather.down;

  function send<T>(command: string, perform: () => Promise<T>): Promise<T> {
    const isLost = random.chance(weather.lostRequests) ? "request" : undefined;
    const isUnheard = random.chance(weather.lostAnswers) ? "answer" : undefined;
    const lost = reached() ? (trap(command) ?? isLost ?? isUnheard) : "request";
    const fate = {
      call: `ledger.${command}`,
      outMs: 1 + random.between(0, weather.slowMs),
      backMs: 1 + random.between(0, weather.slowMs),
      patienceMs: random.chance(0.5) ? 50 : 5_000,
      giveUp: () => new EgressError("LEDGER_UNREACHABLE", `${command}: no answer`),
      ...(lost === undefined ? {} : { lost }),
    };
    return request(engine, process, fate, () => {
      if (weather.refuses !== "nothing" && !reading.has(command)) {
        const code = weather.refuses === "writes, full" ? "LEDGER_FULL" : "LEDGER_READONLY";
        throw new EgressError(code, `${command} is refused`);
      }
      return perform();
    });
  }
  const hint = (call: string, deliver: () => void): void => {
    if (engine.tap?.(call, process)?.lost !== undefined) return;
    if (reached() && process.state !== "dead") engine.at(random.between(1, 5), process, deliver);
  };

  return {
    acquire: (claim, how) => send("acquire", () => ledger.acquire(claim, how)),
    renew: (...how) => send("renew", () => ledger.renew(...how)),
    drain: (podUid, how) => send("drain", () => ledger.drain(podUid, how)),
    release: (podUid, how) => send("release", () => ledger.release(podUid, how)),
    begin: (machine) => send("begin", () => ledger.begin(machine)),
    extend: (machine, fence) => send("extend", () => ledger.extend(machine, fence)),
    settle: (machine, fence, how) => send("settle", () => ledger.settle(machine, fence, how)),
    pace: (...how) => send("pace", () => ledger.pace(...how)),
    penalize: (...pause) => send("penalize", () => ledger.penalize(...pause)),
    putPools: (pools) => send("putPools", () => ledger.putPools(pools)),
    putNode: (row) => send("putNode", () => ledger.putNode(row)),
    removeNode: (name) => send("removeNode", () => ledger.removeNode(name)),
    endLeases: (machine) => send("endLeases", () => ledger.endLeases(machine)),
    putInventory: (pool, rows, readAtMs) => send("putInventory", () => ledger.putInventory(pool, rows, readAtMs)),
    missed: (...which) => send("missed", () => ledger.missed(...which)),
    beat: (...how) => send("beat", () => ledger.beat(...how)),
    inTerm: (term) => ledgerFrom(ledger.inTerm(term), engine, process, weather, reaches, trap),
    now: () => send("now", () => ledger.now()),
    due: (changedSinceMs) => send("due", () => ledger.due(changedSinceMs)),
    lease: (podUid) => send("lease", () => ledger.lease(podUid)),
    look: (machine) => send("look", () => ledger.look(machine)),
    figures: () => send("figures", () => ledger.figures()),
    snapshot: () => send("snapshot", () => ledger.snapshot()),
    history: (...which) => send("history", () => ledger.history(...which)),
    onWake: (podUid, wake) => send("subscribe", () => ledger.onWake(podUid, () => hint("hint.wake", wake))),
    onChange: (changed) =>
      send("subscribe", () => ledger.onChange((...what) => hint("hint.change", () => changed(...what)))),
    close: async () => undefined,
  };
}
