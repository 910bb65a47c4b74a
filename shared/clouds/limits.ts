import type { PaceLimits } from "../ledger/times.ts";
import type { Pool } from "../pools/schema.ts";

/** Which line the work on a pool's addresses stands in, and how fast that line moves. */
export interface Line {
  readonly bucket: string;
  readonly limits: PaceLimits;
}

/**
 * Pieces of work (one attach or detach) that all actors of an installation begin, below what the clouds allow an account:
 * other controllers use the same quotas. AWS: 50 changes at once, then 5 a second, in one region; a piece is one change and
 * at most three reads (of 100 and 20 a second). GCP counts a project's requests by minute and group of methods; a piece is two
 * changes, two waits and two or three reads, so 240 pieces a minute need 480, 480 and 720 of them. How many a project may
 * make is its own quota (403 `rateLimitExceeded` beyond it). The memory cloud has no limits.
 */
export function lineOf({ cloud, region, project }: Pick<Pool, "cloud" | "region" | "project">): Line | null {
  switch (cloud) {
    case "aws":
      return { bucket: `aws:${region}`, limits: { burst: 40, perSecond: 4 } };
    case "gcp":
      return { bucket: `gcp:${project ?? ""}`, limits: { burst: 40, perSecond: 4 } };
    case "memory":
      return null;
  }
}
