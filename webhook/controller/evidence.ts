import type { Lease } from "../../shared/ledger/records.ts";
import type { ClusterNode, ClusterPod } from "./cluster/port.ts";

export type EndReason = "pod-gone" | "pod-replaced" | "pod-ended" | "node-gone" | "node-unreachable";

export type Verdict =
  | { readonly verdict: "end"; readonly why: EndReason }
  /** The cache has none: only a fresh read tells whether it is gone. */
  | { readonly verdict: "read-pod" }
  | { readonly verdict: "read-node" }
  /** `late`: the pod runs on a Ready node and merely does not renew. `againMs`: when more can be said. */
  | { readonly verdict: "keep"; readonly late: boolean; readonly againMs: number | undefined };

const keep: Verdict = { verdict: "keep", late: false, againMs: undefined };

/** Evidence from the pod alone; it counts whether the lease has expired or not. `undefined`: unknown, `null`: read, none. */
export function judgePod(podUid: string, pod: ClusterPod | null | undefined): Verdict {
  if (pod === undefined) return { verdict: "read-pod" };
  if (pod === null) return { verdict: "end", why: "pod-gone" };
  if (pod.uid !== podUid) return { verdict: "end", why: "pod-replaced" };
  return pod.ended ? { verdict: "end", why: "pod-ended" } : keep;
}

/** Evidence from the node; it counts for expired leases only. */
export function judgeNode(node: ClusterNode | null | undefined, unreachableMs: number, nowMs: number): Verdict {
  if (node === undefined) return { verdict: "read-node" };
  if (node === null) return { verdict: "end", why: "node-gone" };
  if (node.notReadySinceMs === null) return { verdict: "keep", late: true, againMs: undefined };
  const leftMs = node.notReadySinceMs + unreachableMs - nowMs;
  return leftMs <= 0 ? { verdict: "end", why: "node-unreachable" } : { verdict: "keep", late: false, againMs: leftMs };
}

/** Whether an expired lease ends: a suspicion becomes a verdict by evidence only (design, section 8). */
export function judgeExpired(
  lease: Pick<Lease, "podUid">,
  seen: { readonly pod: ClusterPod | null | undefined; readonly node: ClusterNode | null | undefined },
  unreachableMs: number,
  nowMs: number,
): Verdict {
  const byPod = judgePod(lease.podUid, seen.pod);
  return byPod.verdict === "keep" ? judgeNode(seen.node, unreachableMs, nowMs) : byPod;
}
