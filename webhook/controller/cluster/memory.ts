import type { Cluster, ClusterEvent, ClusterNode, ClusterPod, Leadership, Watched, Watcher } from "./port.ts";

/** A node as it is set; what is left out is a Ready node named after its machine in memory. */
export type NodeSetting = Partial<ClusterNode> & { readonly name: string };
export type PodSetting = Partial<ClusterPod> & {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
};

/** A cluster that exists only in this process, for trying things out and for tests. */
export interface MemoryCluster extends Cluster {
  /** Adds or changes a node or pod; unset fields keep their value. */
  setNode(node: NodeSetting): void;
  removeNode(name: string): void;
  setPod(pod: PodSetting): void;
  removePod(uid: string): void;
  node(name: string): ClusterNode | undefined;
  pod(uid: string): ClusterPod | undefined;
  /** Labels the namespace `static-egress/ignore: "true"`. */
  ignoreNamespace(name: string): void;
  /** Every Event told, oldest first; a repeated one appears again. */
  events(): readonly ClusterEvent[];
}

export function createMemoryCluster(): MemoryCluster {
  const nodes = createShelf<ClusterNode>((node) => node.name);
  const pods = createShelf<ClusterPod>((pod) => pod.uid);
  const events: ClusterEvent[] = [];
  const ignored = new Set<string>();
  let leadership: { leadership: Leadership; version: string } | null = null;

  return {
    setNode({ name, ...setting }) {
      const fresh = {
        name,
        uid: `uid-${name}`,
        bootId: "1",
        providerId: `memory:///${name}`,
        region: "local",
        ready: true,
        notReadySinceMs: null,
        pool: null,
        address: null,
      };
      nodes.put({ ...(nodes.items.get(name) ?? fresh), ...setting });
    },
    removeNode: (name) => nodes.drop(name),
    setPod(setting) {
      const fresh = {
        serviceAccount: "default",
        node: null,
        pool: "partners",
        sidecar: "waiting",
        ended: false,
        deleting: false,
        address: null,
      } as const;
      pods.put({ ...fresh, ...pods.items.get(setting.uid), ...setting });
    },
    removePod: (uid) => pods.drop(uid),
    node: (name) => nodes.items.get(name),
    pod: (uid) => pods.items.get(uid),
    ignoreNamespace: (name) => void ignored.add(name),
    events: () => events,

    watchNodes: async (watcher, signal) => nodes.watch(watcher, signal),
    watchPods: async (watcher, signal) => pods.watch(watcher, signal),
    readPod: async (namespace, name) =>
      [...pods.items.values()].find((pod) => pod.namespace === namespace && pod.name === name) ?? null,
    readNode: async (name) => nodes.items.get(name) ?? null,
    listUninjected: async () => [...pods.items.values()].filter((pod) => pod.sidecar === "missing" && !pod.ended),
    ignoredNamespaces: async () => new Set(["kube-system", "static-egress", ...ignored]),
    async markNode(name, marks) {
      const node = nodes.items.get(name);
      if (node !== undefined) nodes.put({ ...node, pool: marks.pool, address: marks.address });
    },
    async markPod({ uid }, address) {
      const pod = pods.items.get(uid);
      if (pod !== undefined) pods.put({ ...pod, address });
    },
    async report(event) {
      events.push(event);
    },
    readLeadership: async () => leadership,
    async writeLeadership(wanted, version) {
      if ((leadership?.version ?? null) !== version) return null;
      leadership = { leadership: wanted, version: String(Number(version ?? 0) + 1) };
      return leadership.version;
    },
  };
}

interface Shelf<T> {
  readonly items: Map<string, T>;
  put(item: T): void;
  drop(key: string): void;
  watch(watcher: Watcher<T>, signal: AbortSignal): Watched<T>;
}

function createShelf<T>(keyOf: (item: T) => string): Shelf<T> {
  const items = new Map<string, T>();
  const watchers = new Set<Watcher<T>>();
  return {
    items,
    put(item) {
      items.set(keyOf(item), item);
      for (const watcher of watchers) watcher.changed(item);
    },
    drop(key) {
      const item = items.get(key);
      if (item === undefined) return;
      items.delete(key);
      for (const watcher of watchers) watcher.removed(item);
    },
    watch(watcher, signal) {
      watchers.add(watcher);
      signal.addEventListener("abort", () => watchers.delete(watcher));
      for (const item of items.values()) watcher.changed(item);
      return { get: (key) => items.get(key), list: () => items.values() };
    },
  };
}
