import { EgressError } from "../../shared/errors.ts";
import type { PodLease, Snapshot } from "../../shared/ledger/records.ts";
import { nodesOf, podsOf, poolsOf } from "./lists.ts";
import type { PodStory } from "./schemas.ts";

/** All that there is of the pods of a name (`namespace/name`). Rejects with POD_UNKNOWN. `lease` asks the ledger itself. */
export async function storyOf(
  pod: string,
  snapshot: Snapshot,
  lease: (podUid: string) => Promise<PodLease>,
): Promise<PodStory> {
  const found = podsOf(snapshot).filter((row) => row.pod === pod);
  if (found.length === 0) throw new EgressError("POD_UNKNOWN", `no pod ${pod} holds a lease or waits for one`);
  const rows = await Promise.all(
    found.map(async (row) => ({
      ...row,
      expiresAtMs: (await lease(row.podUid)).lease?.expiresAtMs ?? null,
      nodeRow: nodesOf(snapshot).find(({ node }) => node === row.node) ?? null,
      poolRow: poolsOf(snapshot).find(({ pool }) => pool === row.pool) ?? null,
    })),
  );
  return { nowMs: snapshot.nowMs, pod, rows };
}
