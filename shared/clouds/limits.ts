import type { PaceLimits } from "../ledger/times.ts";
import type { Pool } from "../pools/schema.ts";

/** Which line the work on a pool's addresses stands in, and how fast that line moves. */
export interface Line {
  readonly bucket: string;
  readonly limits: PaceLimits;
}

/**
 * Pieces of work (one attach or detach) that all actors of an installation begin, within what the clouds allow an account. AWS: 50
 * changes at once, then 5 a second, in one region; a piece is one change and at most three reads (of 100 and 20 a second). The
 * rate is a little less, so that the account's own bucket is never behind ours. GCP counts a project's requests by minute and group
 * of methods; a piece is two changes, two waits and two or three reads, so 440 pieces in a minute need 880, 880 and 1,320 of the
 * usual 1,500. Others use the same quotas: what a cloud throttles makes all pause. The memory cloud has no limits.
 */
export function lineOf({ cloud, region, project }: Pick<Pool, "cloud" | "region" | "project">): Line | null {
  switch (cloud) {
    case "aws":
      return { bucket: `aws:${region}`, limits: { burst: 50, perSecond: 4.75 } };
    case "gcp":
      return { bucket: `gcp:${project ?? ""}`, limits: { burst: 200, perSecond: 4 } };
    case "memory":
      return null;
  }
}
