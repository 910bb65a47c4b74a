import type { Mirror } from "../../shared/ledger/beat.ts";
import type { Cluster, Leadership } from "./cluster/port.ts";

/** Who tries to lead. */
export interface Candidate {
  readonly identity: string;
  readonly lifeMs: number;
  /** What the ledger answered to this leader's last beat; null: what is written stays. */
  readonly mirror: Mirror | null;
  /** The term that this leader holds is refused by the ledger: the next one has to be a later one. */
  readonly superseded: boolean;
}

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
  self: Candidate,
  time: { readonly monotonicMs: number; readonly wallMs: number },
): Leadership | null {
  const was = sighting?.leadership;
  const ours = was?.holder === self.identity;
  const expired = sighting === null || sighting.seenAtMs + sighting.leadership.lifeMs <= time.monotonicMs;
  if (!ours && was !== undefined && was.holder !== "" && !expired) return null;
  const renewing = ours && !self.superseded;
  // A Lease that was deleted or brought back from a backup must not begin terms that the ledger has seen: minutes grow faster.
  const least = was === undefined || self.superseded ? Math.floor(time.wallMs / 60_000) : 0;
  return {
    holder: self.identity,
    lifeMs: self.lifeMs,
    acquiredAtMs: renewing ? was.acquiredAtMs : time.wallMs,
    renewedAtMs: time.wallMs,
    transitions: renewing ? was.transitions : Math.max((was?.transitions ?? -1) + 1, least),
    mirror: self.mirror ?? was?.mirror ?? null,
  };
}

/** Tries once to take or keep the leadership. `held` false: another one leads, or wrote first. */
export async function tryToLead(
  cluster: Pick<Cluster, "readLeadership" | "writeLeadership">,
  previous: Sighting | null,
  self: Candidate,
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
