import type { Lease } from "../../shared/ledger/records.ts";
import type { ClusterNode, ClusterPod } from "./cluster/port.ts";

const byNode = ["node-gone", "node-unreachable", "machine-gone", "machine-stopped"] as const;

export type EndReason = "pod-gone" | "pod-replaced" | "pod-ended" | (typeof byNode)[number];

/** Evidence that counts for an expired lease only, not for one that was renewed meanwhile. */
export const countsWhenExpired = (why: EndReason): boolean => byNode.some((reason) => reason === why);

/** What the cloud says of a node's machine. `gone`: there is none any more, or what is left of it never runs again. */
export type MachineState = "running" | "stopped" | "gone";

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

/**
 * Evidence from the cloud, for an expired lease on a node that is not Ready: that node's condition is set late. One that is
 * gone needs no address; one that stopped keeps its own until it was silent for unreachableSeconds, for it may start again.
 * `silentMs`: since the lease was last renewed. Undefined when the cloud's word says nothing new.
 */
export function judgeMachine(
  state: MachineState | undefined,
  silentMs: number,
  unreachableMs: number,
): Verdict | undefined {
  if (state === "gone") return { verdict: "end", why: "machine-gone" };
  if (state !== "stopped") return undefined;
  const leftMs = unreachableMs - silentMs;
  if (leftMs <= 0) return { verdict: "end", why: "machine-stopped" };
  return { verdict: "keep", late: false, againMs: leftMs };
}
