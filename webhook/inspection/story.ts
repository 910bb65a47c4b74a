import type * as z from "zod";
import { EgressError } from "../../shared/errors.ts";
import type { HistoryEntry, PodLease, Snapshot } from "../../shared/ledger/records.ts";
import { nodesOf, podsOf, poolsOf } from "./lists.ts";
import type { PodStory, step } from "./schemas.ts";

const mostSteps = 200;

/**
 * All that there is of the pods of a name (`namespace/name`), and was. Rejects with POD_UNKNOWN. `lease` asks the ledger itself.
 */
export async function storyOf(
  pod: string,
  snapshot: Snapshot,
  history: readonly HistoryEntry[] | null,
  lease: (podUid: string) => Promise<PodLease>,
): Promise<PodStory> {
  const found = podsOf(snapshot).filter((row) => row.pod === pod);
  const steps = history && stepsOf(pod, history);
  if (found.length === 0 && (steps === null || steps.length === 0))
    throw new EgressError("POD_UNKNOWN", `no pod ${pod} holds a lease or waits for one`);
  const rows = await Promise.all(
    found.map(async (row) => ({
      ...row,
      expiresAtMs: (await lease(row.podUid)).lease?.expiresAtMs ?? null,
      nodeRow: nodesOf(snapshot).find(({ node }) => node === row.node) ?? null,
      poolRow: poolsOf(snapshot).find(({ pool }) => pool === row.pool) ?? null,
    })),
  );
  return { nowMs: snapshot.nowMs, pod, rows, steps };
}

/** Its own entries, and those of the address that it had, while it had it. */
function stepsOf(pod: string, history: readonly HistoryEntry[]): z.infer<typeof step>[] {
  const held = new Map<string, string>();
  const steps = history.filter((entry) => {
    const place = `${entry.ip} ${entry.machine}`;
    if (entry.pod === pod && entry.kind === "leased") held.set(entry.podUid ?? "", place);
    if (entry.pod === pod && entry.kind === "released") held.delete(entry.podUid ?? "");
    return entry.pod === undefined ? [...held.values()].includes(place) : entry.pod === pod;
  });
  return steps.slice(-mostSteps).map(({ atMs, kind, ip, node, code = null }) => ({ atMs, kind, ip, node, code }));
}
