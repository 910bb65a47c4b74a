import { longestPaceMs, type PaceLimits } from "../times.ts";

/** As pace.lua. `line`: bucket to when all places taken so far will have been used up. Answers the wait (ms). */
export function pace(
  line: Map<string, number>,
  now: number,
  bucket: string,
  { burst, perSecond }: PaceLimits,
  pauseMs: number,
): number {
  const gapMs = 1000 / perSecond;
  let usedUpMs = Math.max(line.get(bucket) ?? 0, now);
  if (usedUpMs > now + burst * gapMs + 2 * longestPaceMs) usedUpMs = now; // of a clock that was ahead
  if (pauseMs > 0) {
    line.set(bucket, Math.round(Math.max(usedUpMs, now + pauseMs + (burst - 1) * gapMs)));
    return pauseMs;
  }
  const waitMs = Math.max(0, Math.ceil(usedUpMs - (burst - 1) * gapMs - now));
  if (waitMs <= longestPaceMs) line.set(bucket, Math.round(usedUpMs + gapMs));
  return waitMs;
}
