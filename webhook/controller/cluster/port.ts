import type { Mirror } from "../../../shared/ledger/beat.ts";

/** What the controller knows of a Kubernetes Node. Small on purpose: one is kept for every node. */
export interface ClusterNode {
  readonly name: string;
  readonly uid: string;
  /** Another one means the machine booted again, and may be another machine under the same name. */
  readonly bootId: string;
  readonly providerId: string | null;
  /** `topology.kubernetes.io/region`, or null. */
  readonly region: string | null;
  readonly ready: boolean;
  /** Since when the node is not Ready (Unix ms); null while it is Ready. */
  readonly notReadySinceMs: number | null;
  /** Our own label `static-egress/pool`, as it is now. */
  readonly pool: string | null;
  /** Our own annotation `static-egress/address`, as it is now. */
  readonly address: string | null;
}

/** Which pod. */
export interface PodReference {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What a pod has of our sidecar. `none`: it does not ask for an address. `missing`: it asks, and was never injected.
 * `started`: the sidecar has let the app start once, so that the app may be running, whatever the sidecar does now.
 */
export type SidecarState = "none" | "missing" | "waiting" | "started";

/** What the controller knows of a pod that carries the label `static-egress/pool`. */
export interface ClusterPod extends PodReference {
  /** The name of its service account. */
  readonly serviceAccount: string;
  /** The name of its node; null while it is not scheduled. */
  readonly node: string | null;
  /** The pool that its sidecar was injected for. */
  readonly pool: string;
  readonly sidecar: SidecarState;
  /** Phase Succeeded or Failed: no container of it runs any more. A deletion timestamp alone does not count. */
  readonly ended: boolean;
  /** It has a deletion timestamp; its app may still run. */
  readonly deleting: boolean;
  /** Our own annotation `static-egress/address`, as it is now. */
  readonly address: string | null;
}

/** `changed` and `removed` are called from the watch; they must not throw and must return at once. */
export interface Watcher<T> {
  changed(item: T): void;
  removed(item: T): void;
}

/** A cache that follows the cluster. Nodes are found by name, pods by UID. */
export interface Watched<T> {
  get(key: string): T | undefined;
  list(): Iterable<T>;
}

/** Reasons of Events; docs/operations.md says what each means. */
export const eventReasons = [
  "EgressAddressAttached",
  "EgressAddressShared",
  "EgressAddressChanged",
  "EgressAddressReleased",
  "EgressPoolExhausted",
  "EgressUnavailable",
  "EgressVerifyFailed",
  "EgressReleased",
  "EgressNotInjected",
  "EgressPoolsInvalid",
  "EgressLedgerDoubtful",
  "EgressConflict",
] as const;

export type EventReason = (typeof eventReasons)[number];

/** One condition of one object: the same object and reason are one Event, counted. `namespace` is null for a node. */
export interface ClusterEvent {
  readonly about: {
    readonly kind: "Pod" | "Node";
    readonly namespace: string | null;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
}

/** Who leads (a coordination.k8s.io Lease). `holder` is "" when nobody does. */
export interface Leadership {
  readonly holder: string;
  readonly lifeMs: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  /** Counts the terms: a later leader has a higher one. */
  readonly transitions: number;
  /** What the ledger answered to the leader's last beat, as far as it is written; null when nobody has beaten yet. */
  readonly mirror: Mirror | null;
}

/**
 * What the controller needs of a cluster. Failed I/O rejects with the client's own error, and nothing is kept half done;
 * "it is gone" and "somebody else wrote first" are answers. No call waits longer than ten seconds, the watches apart.
 */
export interface Cluster {
  /**
   * Follows all nodes until `signal` aborts. Resolves once the first list is in the cache (after a `changed` for each of
   * them); survives disconnects, expired resource versions and restarts of the API server by itself.
   */
  watchNodes(watcher: Watcher<ClusterNode>, signal: AbortSignal): Promise<Watched<ClusterNode>>;
  /** Likewise, pods with the label `static-egress/pool`. `removed` also comes when only the label is gone: read the pod. */
  watchPods(watcher: Watcher<ClusterPod>, signal: AbortSignal): Promise<Watched<ClusterPod>>;
  /** Reads past every cache, for evidence; null when there is none. */
  readPod(namespace: string, name: string): Promise<ClusterPod | null>;
  readNode(name: string): Promise<ClusterNode | null>;
  /**
   * Lists, past every cache, the pods that have not ended, ask for a pool and lack the annotation `static-egress/injected`.
   * Reads metadata only, page by page: its cost does not grow with what is in the pods.
   */
  listUninjected(): Promise<readonly PodReference[]>;
  /** The namespaces for which the webhook is never called: those that opted out, `kube-system` and our own. */
  ignoredNamespaces(): Promise<ReadonlySet<string>>;
  /** Sets (null: removes) our label and annotation on a node; nothing when the node is gone. */
  markNode(name: string, marks: { readonly pool: string | null; readonly address: string | null }): Promise<void>;
  /** Sets (null: removes) our annotation on this very pod; nothing when the pod is gone or another one bears its name. */
  markPod(pod: Pick<ClusterPod, "namespace" | "name" | "uid">, address: string | null): Promise<void>;
  /** Creates the Event, or counts it up. */
  report(event: ClusterEvent): Promise<void>;

  /** The Lease and its version; null when there is none. */
  readLeadership(): Promise<{ readonly leadership: Leadership; readonly version: string } | null>;
  /** Writes it over `version` (null: creates it). Answers the new version, or null when somebody else wrote first. */
  writeLeadership(leadership: Leadership, version: string | null): Promise<string | null>;
}
