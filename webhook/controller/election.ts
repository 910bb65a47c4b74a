import type { Cluster, Leadership } from "./cluster/port.ts";

/** When the leadership seen first looked like this, on our own monotonic clock: clocks of other machines are not trusted. */
export interface Sighting {
  readonly leadership: Leadership;
  readonly version: string;
  readonly seenAtMs: number;
}

/** Keeps the older sighting while nothing was written since. */
export function sight(
  previous: Sighting | null,
  found: { leadership: Leadership; version: string } | null,
  nowMs: number,
): Sighting | null {
  if (found === null) return null;
  return previous?.version === found.version ? previous : { ...found, seenAtMs: nowMs };
}

/** What to write, or null while another one leads. */
export function claimLeadership(
  sighting: Sighting | null,
  self: { readonly identity: string; readonly lifeMs: number },
  time: { readonly monotonicMs: number; readonly wallMs: number },
): Leadership | null {
  const was = sighting?.leadership;
  const renewing = was?.holder === self.identity;
  const expired = sighting === null || sighting.seenAtMs + sighting.leadership.lifeMs <= time.monotonicMs;
  if (!renewing && was !== undefined && was.holder !== "" && !expired) return null;
  return {
    holder: self.identity,
    lifeMs: self.lifeMs,
    acquiredAtMs: renewing ? was.acquiredAtMs : time.wallMs,
    renewedAtMs: time.wallMs,
    transitions: was === undefined ? 0 : was.transitions + (renewing ? 0 : 1),
  };
}

/** Tries once to take or keep the leadership. `held` false: another one leads, or wrote first. */
export async function tryToLead(
  cluster: Pick<Cluster, "readLeadership" | "writeLeadership">,
  previous: Sighting | null,
  self: { readonly identity: string; readonly lifeMs: number },
  clocks: { readonly monotonic: () => number; readonly wall: () => number },
): Promise<{ held: boolean; sighting: Sighting | null }> {
  const sighting = sight(previous, await cluster.readLeadership(), clocks.monotonic());
  const time = { monotonicMs: clocks.monotonic(), wallMs: clocks.wall() };
  const claim = claimLeadership(sighting, self, time);
  if (claim === null) return { held: false, sighting };
  const version = await cluster.writeLeadership(claim, sighting?.version ?? null);
  if (version === null) return { held: false, sighting };
  return { held: true, sighting: { leadership: claim, version, seenAtMs: time.monotonicMs } };
}
