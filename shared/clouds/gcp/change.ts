import { setTimeout as pause } from "node:timers/promises";
import type { GcpCalls, Operation } from "./calls.ts";
import { OperationFailed, gcpError, isRefusal } from "./errors.ts";

/** How a change ended. `failed`: the service refused it, or its operation says so. `unknown`: to be read from the cloud. */
export type Outcome = { readonly state: "done" } | { readonly state: "failed" | "unknown"; readonly cause: unknown };

/** Pauses between tries of a first step, which may well be given up: nothing has been changed yet. */
export const briefly: readonly number[] = [200, 800];
/**
 * Pauses between tries of a step without which the node has no way out: more than a minute, for quotas are refilled by the
 * minute.
 */
export const persistently: readonly number[] = [500, 1_000, 2_000, 4_000, ...Array.from({ length: 9 }, () => 8_000)];

/**
 * Starts an operation and waits for it. Tries are repeated under the same requestId: GCE does them once. `stillMine`: asked
 * before each repetition, for the process may have stood still meanwhile.
 */
export async function change(
  calls: GcpCalls,
  zone: string,
  start: () => Promise<Operation>,
  pausesMs: readonly number[],
  stillMine: () => boolean = () => true,
): Promise<Outcome> {
  let refused = true;
  for (let tries = 0; ; tries += 1) {
    try {
      return await finish(calls, zone, await start());
    } catch (error) {
      refused &&= isRefusal(error);
      const throttled = gcpError(error, "", "").code === "CLOUD_THROTTLED";
      const worthwhile = throttled ? pausesMs === persistently : !isRefusal(error);
      const pauseMs = pausesMs[tries];
      if (!worthwhile || pauseMs === undefined) return { state: refused ? "failed" : "unknown", cause: error };
      await pause(pauseMs * (0.75 + Math.random() / 2)); // many nodes may be at it
      if (!stillMine()) return { state: refused ? "failed" : "unknown", cause: error };
    }
  }
}

/** An error while waiting says nothing of the operation: it is asked for again, then left unknown. */
async function finish(calls: GcpCalls, zone: string, started: Operation): Promise<Outcome> {
  let operation = started;
  for (let failures = 0, tries = 0; ; tries += 1) {
    if (operation.status === "DONE") return outcomeOf(operation);
    try {
      // A service under load answers a wait at once.
      if (tries > 0) await pause(250);
      operation = await calls.wait(zone, started.name ?? "");
    } catch (error) {
      failures += 1;
      if (failures > 3) return { state: "unknown", cause: error };
    }
  }
}

function outcomeOf(operation: Operation): Outcome {
  const error = operation.error?.errors?.[0];
  if (error === undefined) return { state: "done" };
  return { state: "failed", cause: new OperationFailed(error.code ?? "UNKNOWN", error.message ?? "no message") };
}
