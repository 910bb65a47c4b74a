import type { V1Node, V1Pod } from "@kubernetes/client-node";
import type { ClusterNode, ClusterPod } from "./port.ts";

/** The names the contract gives to what we write on nodes and pods. */
export const poolLabel = "static-egress/pool";
export const addressAnnotation = "static-egress/address";

/** Keeps of a Node what the controller needs. A watch hands over times as text, a list as Date. */
export function toNode(node: V1Node): ClusterNode {
  const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
  const isReady = ready?.status === "True";
  const since = ready?.lastTransitionTime ?? node.metadata?.creationTimestamp;
  return {
    name: node.metadata?.name ?? "",
    uid: node.metadata?.uid ?? "",
    bootId: node.status?.nodeInfo?.bootID ?? "",
    providerId: node.spec?.providerID ?? null,
    region: node.metadata?.labels?.["topology.kubernetes.io/region"] ?? null,
    ready: isReady,
    notReadySinceMs: isReady || since === undefined ? null : new Date(since).getTime(),
    pool: node.metadata?.labels?.[poolLabel] ?? null,
    address: node.metadata?.annotations?.[addressAnnotation] ?? null,
  };
}

export function toPod(pod: V1Pod): ClusterPod {
  return {
    uid: pod.metadata?.uid ?? "",
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    ended: pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed",
    address: pod.metadata?.annotations?.[addressAnnotation] ?? null,
  };
}
