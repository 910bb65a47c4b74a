import type { Engine, Process } from "./engine.ts";
import { request, type Fate } from "./network.ts";
import type { State, Truth } from "./truth.ts";

/** How the clouds are today. Probabilities of one call. */
export interface Weather {
  down: boolean;
  throttled: number;
  /** Answered with a fault of the service's own; a change may have been made all the same. */
  errors: number;
  /** Whose permission is withdrawn. */
  denied: "nothing" | "reads" | "changes";
  lostRequests: number;
  lostAnswers: number;
  /** Reads may answer what was true up to this long ago. */
  staleMs: number;
  /** Changes take up to this long to take effect: on EC2 the call itself, on GCE its operation. */
  slowMs: number;
  /** GCE: operations that end in an error. */
  failedOperations: number;
}

export const fairWeather = (slowMs: number): Weather => ({
  down: false,
  throttled: 0,
  errors: 0,
  denied: "nothing",
  lostRequests: 0,
  lostAnswers: 0,
  staleMs: 0,
  slowMs,
  failedOperations: 0,
});

/** Called when an actor can be hit: once it has read something, when it sends a change, and once that is done. */
export type Trap = (moment: "read" | "machine read" | "sent" | "done", process: Process, machine: string) => void;

/** One call on its way. `machine`: which one it is about, "" for none. */
export interface Call {
  readonly action: string;
  readonly changes: boolean;
  /** Answers what is true now, whatever the weather. */
  readonly exact?: boolean;
  /** Reads all addresses of a pool. */
  readonly inventory?: boolean;
  readonly machine: string;
  readonly signal?: AbortSignal | undefined;
}

/** Performs a call over the state that it is to see, or fails as the network (NoAnswer) or the service (Refused) does. */
export type Send = <T>(call: Call, perform: (state: State) => T | Promise<T>) => Promise<T>;

/** What was sent and not answered: the outcome is unknown. */
export class NoAnswer extends Error {}

/** What the service says of itself, whatever the call was; every cloud has its own words for it. */
export class Refused extends Error {
  readonly why: "throttled" | "denied" | "broken";
  constructor(why: Refused["why"], action: string) {
    super(`${action}: ${why}`);
    this.why = why;
  }
}

/** Calls from one process to a cloud, through the weather. `reaches`: whether the process has a network. */
export function throughWeather(
  engine: Engine,
  truth: Truth,
  weather: Weather,
  process: Process,
  reaches: () => boolean,
  trap: Trap,
  made: (call: Call) => void,
): Send {
  const { random } = process;
  return (call, perform) => {
    const isLost = random.chance(weather.lostRequests) || !reaches() || weather.down;
    const isUnheard = random.chance(weather.lostAnswers);
    const lost: Fate["lost"] = isLost ? "request" : isUnheard ? "answer" : undefined;
    const throttled = random.chance(weather.throttled);
    const broken = random.chance(weather.errors);
    const undone = !call.changes || random.chance(0.5);
    const seesMs = random.between(0, weather.staleMs);
    const fate = {
      call: `cloud.${call.action}`,
      outMs: random.between(10, 60) + (call.changes && call.exact !== true ? random.between(0, weather.slowMs) : 0),
      backMs: random.between(10, 60),
      patienceMs: random.between(500, 12_000),
      giveUp: () => new NoAnswer(`${call.action} was not answered`),
      ...(lost === undefined ? {} : { lost }),
    };
    if (call.changes) trap("sent", process, call.machine);
    const answered = request(engine, process, fate, async () => {
      made(call);
      if (throttled) throw new Refused("throttled", call.action);
      if (weather.denied === (call.changes ? "changes" : "reads")) throw new Refused("denied", call.action);
      if (broken && undone) throw new Refused("broken", call.action);
      const value = await perform(call.changes || call.exact === true || seesMs === 0 ? truth : truth.before(seesMs));
      if (call.machine !== "" && !call.changes) trap("machine read", process, call.machine);
      trap(call.changes ? "done" : "read", process, call.machine);
      if (broken) throw new Refused("broken", call.action);
      return value;
    });
    return unlessAborted(answered, call.signal);
  };
}

/** As the SDKs do it: an abort ends the waiting at once. */
function unlessAborted<T>(answered: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answered;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new NoAnswer("the caller has hung up"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    answered.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
