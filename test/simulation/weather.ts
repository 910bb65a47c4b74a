import { EgressError } from "../../shared/errors.ts";
import { NoAnswer, type Send } from "./ec2.ts";
import type { Engine, Process } from "./engine.ts";
import { request, type Fate } from "./network.ts";
import type { Truth } from "./truth.ts";

/** How the cloud is today. Probabilities of one call. */
export interface Weather {
  down: boolean;
  throttled: number;
  lostRequests: number;
  lostAnswers: number;
  /** Reads may answer what was true up to this long ago. */
  staleMs: number;
  /** Changes take up to this long to take effect. */
  slowMs: number;
}

export const fairWeather = (slowMs: number): Weather => ({
  down: false,
  throttled: 0,
  lostRequests: 0,
  lostAnswers: 0,
  staleMs: 0,
  slowMs,
});

/** Called when an actor can be hit: once it has read something, when it sends a change, and once that is done. */
export type Trap = (moment: "read" | "machine read" | "sent" | "done", process: Process) => void;

/** Calls from one process to the cloud, through the weather. `reaches`: whether the process has a network. */
export function throughWeather(
  engine: Engine,
  truth: Truth,
  weather: Weather,
  process: Process,
  reaches: () => boolean,
  trap: Trap,
): Send {
  const { random } = process;
  return (call, perform) => {
    const isLost = random.chance(weather.lostRequests) || !reaches() || weather.down;
    const isUnheard = random.chance(weather.lostAnswers);
    const lost: Fate["lost"] = isLost ? "request" : isUnheard ? "answer" : undefined;
    const throttled = random.chance(weather.throttled);
    const seesMs = random.between(0, weather.staleMs);
    const fate = {
      call: `cloud.${call.action}`,
      outMs: random.between(10, 60) + (call.changes ? random.between(0, weather.slowMs) : 0),
      backMs: random.between(10, 60),
      patienceMs: random.between(500, 12_000),
      giveUp: () => new NoAnswer(`${call.action} was not answered`),
      ...(lost === undefined ? {} : { lost }),
    };
    if (call.changes) trap("sent", process);
    const answered = request(engine, process, fate, () => {
      if (throttled) throw new EgressError("CLOUD_THROTTLED", `${call.action}: RequestLimitExceeded`);
      const value = perform(call.changes || seesMs === 0 ? truth : truth.before(seesMs));
      if (call.action === "DescribeInstances") trap("machine read", process);
      trap(call.changes ? "done" : "read", process);
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
