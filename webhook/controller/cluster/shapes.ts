import type { V1Node, V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import { annotations, containerName, poolLabel } from "../../admission/names.ts";
import type { ClusterNode, ClusterPod, SidecarState } from "./port.ts";

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
    address: node.metadata?.annotations?.[annotations.address] ?? null,
  };
}

export function toPod(pod: V1Pod): ClusterPod {
  return {
    uid: pod.metadata?.uid ?? "",
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    serviceAccount: pod.spec?.serviceAccountName ?? "default",
    node: pod.spec?.nodeName ?? null,
    pool: poolOf(pod),
    sidecar: sidecarOf(pod),
    ended: pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed",
    deleting: pod.metadata?.deletionTimestamp !== undefined,
    address: pod.metadata?.annotations?.[annotations.address] ?? null,
  };
}

/** Whether the pod wants an address by an annotation, whoever has or has not seen it. */
export function asks({ annotations: written }: V1ObjectMeta): boolean {
  return written?.[annotations.pool] !== undefined && written[annotations.inject] !== "false";
}

/** What our container was given cannot be changed any more; the label can. */
function poolOf({ metadata, spec }: V1Pod): string {
  const ours = spec?.initContainers?.find(({ name }) => name === containerName);
  const given = ours?.env?.find(({ name }) => name === "STATIC_EGRESS_POOL")?.value;
  return given ?? metadata?.labels?.[poolLabel] ?? "";
}

function sidecarOf({ metadata, spec, status }: V1Pod): SidecarState {
  if (spec?.initContainers?.some(({ name }) => name === containerName) !== true) {
    return asks(metadata ?? {}) ? "missing" : "none";
  }
  const ours = status?.initContainerStatuses?.find(({ name }) => name === containerName);
  // A sidecar that is restarted is not `started` for a while; the app it once let in runs on.
  const ran = (status?.containerStatuses ?? []).some(
    ({ state, lastState }) =>
      state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined,
  );
  return ran || ours?.started === true ? "started" : "waiting";
}
