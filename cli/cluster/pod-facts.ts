import type { CoreV1Event } from "@kubernetes/client-node";
import { annotations } from "../../webhook/admission/names.ts";
import { ownership } from "../../webhook/admission/ownership.ts";
import { messageOf } from "../../webhook/admission/reply.ts";
import { readPod } from "../../webhook/admission/pod.ts";
import { asked, type OpenCluster } from "./open-cluster.ts";

/** What admission did with a pod that exists, as its annotations and containers show. */
export interface Admission {
  readonly outcome: "injected" | "skipped" | "not injected" | "not ours";
  readonly sentence: string;
  readonly todo: string | null;
}

export interface PodEvent {
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly lastMs: number;
}

/** What Kubernetes knows of a pod. */
export interface PodFacts {
  readonly uid: string;
  readonly node: string | null;
  readonly phase: string;
  readonly createdMs: number;
  /** When its deletion was asked for; null while it is to live. */
  readonly deletedMs: number | null;
  /** `static-egress/pool`. */
  readonly pool: string | null;
  /** `static-egress/address`: what the controller has confirmed. */
  readonly address: string | null;
  readonly admission: Admission;
  /** Those of static-egress, oldest first. */
  readonly events: readonly PodEvent[];
}

/** Reads a pod and its Events. Null when there is no such pod. Throws CLUSTER_UNREACHABLE, CLUSTER_DENIED. */
export async function readPodFacts(cluster: OpenCluster, namespace: string, name: string): Promise<PodFacts | null> {
  const core = cluster.api(cluster.client.CoreV1Api);
  const pod = await asked(`reading pod ${namespace}/${name}`, core.readNamespacedPod({ namespace, name }));
  if (pod === null) return null;
  const uid = pod.metadata?.uid ?? "";
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${name},involvedObject.uid=${uid}`;
  const list = await asked(
    `listing events of ${namespace}/${name}`,
    core.listNamespacedEvent({ namespace, fieldSelector }),
  );
  const events = (list?.items ?? [])
    .filter(({ reason }) => reason?.startsWith("Egress"))
    .map(podEventOf)
    .toSorted((a, b) => a.lastMs - b.lastMs);
  const annotated = pod.metadata?.annotations ?? {};
  return {
    uid,
    node: pod.spec?.nodeName ?? null,
    phase: pod.status?.phase ?? "Unknown",
    createdMs: timeOf(pod.metadata?.creationTimestamp),
    deletedMs: pod.metadata?.deletionTimestamp === undefined ? null : timeOf(pod.metadata.deletionTimestamp),
    pool: annotated[annotations.pool] ?? null,
    address: annotated[annotations.address] ?? null,
    admission: admissionOf(pod),
    events,
  };
}

/**
 * The webhook's refusals of pods that were to be made by a workload of this name, or for a pod of this name: who makes them is told,
 * and there is no pod to tell. Throws as `readPodFacts`.
 */
export async function readRefusals(cluster: OpenCluster, namespace: string, name: string): Promise<PodEvent[]> {
  const core = cluster.api(cluster.client.CoreV1Api);
  const fieldSelector = "reason=FailedCreate";
  const list = await asked(`listing events of ${namespace}`, core.listNamespacedEvent({ namespace, fieldSelector }));
  return (list?.items ?? [])
    .filter(({ message }) => message?.includes(refusal))
    .filter(({ involvedObject: { name: maker = "" } }) => isOf(maker, name) || isOf(name, maker))
    .map(podEventOf)
    .toSorted((a, b) => a.lastMs - b.lastMs);
}

/** How each refusal of the webhook begins (webhook/admission/reply.ts). */
const refusal = messageOf([]);

/** Names of what a workload makes begin with its own. */
const isOf = (name: string, maker: string): boolean => name === maker || (maker !== "" && name.startsWith(`${maker}-`));

function podEventOf(event: CoreV1Event): PodEvent {
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
  const count = event.series?.count ?? event.count ?? 1;
  return { reason: event.reason ?? "", message: event.message ?? "", count, lastMs: timeOf(last) };
}

const timeOf = (time: Date | string | undefined): number => (time === undefined ? 0 : new Date(time).getTime());

/** What admission did with a pod that exists. Pure. */
export function admissionOf(raw: unknown): Admission {
  const reading = readPod(raw);
  if (!reading.ok) return { outcome: "not ours", sentence: `it cannot be read: ${reading.problem}`, todo: null };
  const { pod } = reading;
  const annotated = pod.metadata.annotations ?? {};
  const pool = annotated[annotations.pool];
  if (pool === undefined) {
    const todo = `Give the pod's template the annotation ${annotations.pool} if it is to have a static address.`;
    return { outcome: "not ours", sentence: `it has no annotation ${annotations.pool}`, todo };
  }
  if (ownership(pod) === "ours") {
    const version = annotated[annotations.injected] ?? "";
    return { outcome: "injected", sentence: `the lease sidecar is in it, version ${version}`, todo: null };
  }
  if (annotated[annotations.inject] === "false") {
    return { outcome: "skipped", sentence: `it has ${annotations.inject}: "false"`, todo: null };
  }
  return {
    outcome: "not injected",
    sentence:
      "it asks for a pool and has no sidecar: it was created before static-egress was installed, while its webhook was not " +
      "called (a namespace labelled static-egress/ignore), annotated afterwards, or is a static pod",
    todo: "Create it again: kubectl rollout restart, or kubectl delete pod.",
  };
}
