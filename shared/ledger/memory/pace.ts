import { longestPaceMs, paceLagMs, type PaceLimits } from "../times.ts";

/** As pace.lua. `line`: bucket to when all places taken so far will have been used up. */
export function pace(
  line: Map<string, number>,
  now: number,
  bucket: string,
  { burst, perSecond }: PaceLimits,
  wanted: number,
  pauseMs: number,
): { places: number; waitMs: number } {
  const gapMs = 1000 / perSecond;
  let usedUpMs = Math.max(line.get(bucket) ?? 0, now);
  if (usedUpMs > now + burst * gapMs + 2 * longestPaceMs) usedUpMs = now; // of a clock that was ahead
  if (pauseMs > 0) {
    line.set(bucket, Math.round(Math.max(usedUpMs, now + pauseMs + (burst - 1) * gapMs)));
    return { places: 0, waitMs: pauseMs };
  }
  const freeIn = (ms: number): number => Math.floor(burst - (usedUpMs - now - ms) / gapMs);
  const there = freeIn(0);
  // What has come back during a lag is for those who waited it out.
  const atOnce = there >= wanted || there * gapMs > paceLagMs;
  const places = Math.max(0, Math.min(wanted, atOnce ? there : freeIn(longestPaceMs)));
  const waitMs = atOnce ? 0 : Math.ceil(usedUpMs - (burst - Math.max(1, places)) * gapMs - now) + paceLagMs;
  if (places === 0) return { places, waitMs };
  line.set(bucket, Math.round(usedUpMs + places * gapMs));
  return { places, waitMs };
}
