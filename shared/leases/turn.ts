import { setTimeout as pause } from "node:timers/promises";
import { lineOf } from "../clouds/limits.ts";
import { codeOf } from "../errors.ts";
import type { Job, Ledger, Settlement } from "../ledger/port.ts";
import { longestPaceMs } from "../ledger/times.ts";

type Paced = Pick<Ledger, "pace" | "penalize">;

/**
 * Waits for the job's turn in the line of all who work on that cloud account. Answers null when it has come, or how to settle
 * a job whose turn is too far off: nothing has been done then. Throws when the signal aborts.
 */
export async function takeTurn(
  { pool }: Job,
  ledger: Paced,
  waited: (ms: number) => void,
  signal: AbortSignal,
): Promise<Settlement | null> {
  const line = lineOf(pool);
  if (line === null) return null;
  const { waitMs } = await ledger.pace(line.bucket, line.limits);
  if (waitMs > longestPaceMs) {
    // Spread over as long again: those who are sent away together come back one by one.
    const retryAfterMs = Math.round(waitMs * (1 + Math.random()));
    waited(retryAfterMs);
    const message = `too much work for ${line.bucket} at once: ${line.limits.perSecond} pieces a second are begun`;
    return { outcome: "retry", code: "CLOUD_THROTTLED", message, retryAfterMs };
  }
  waited(waitMs);
  if (waitMs > 0) await pause(waitMs, undefined, { signal });
  return null;
}

/** After a throttled answer all who share the line pause, so that many actors slow down together. Best effort. */
export async function slowDown({ pool }: Job, ledger: Paced, error: unknown): Promise<void> {
  const line = lineOf(pool);
  if (line === null || codeOf(error) !== "CLOUD_THROTTLED") return;
  await ledger.penalize(line.bucket, line.limits, 1000 * (1 + Math.random()));
}
