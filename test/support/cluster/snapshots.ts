import { poolSchema, type Pool } from "../../../shared/pools/schema.ts";
import type { Attachment, Lease, Snapshot, Waiter } from "../../../shared/ledger/records.ts";
import type { ClusterNode, ClusterPod, Watched } from "../../../webhook/controller/cluster/port.ts";

/** A pool in memory named `partners`, with three addresses. */
export function aPool(more: Partial<Pool> = {}): Pool {
  const addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
  return {
    ...poolSchema.parse({ name: "partners", cloud: "memory", region: "local", select: { addresses } }),
    ...more,
  };
}

export function aSnapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    nowMs: 100_000,
    epoch: "1",
    pools: [aPool()],
    nodes: [],
    addresses: [],
    attachments: [],
    leases: [],
    waiters: [],
    problems: [],
    ...more,
  };
}

export function anAttachment(node: string, ip: string, more: Partial<Attachment> = {}): Attachment {
  return {
    machine: { id: node, providerId: `memory:///${node}` },
    node,
    pool: "partners",
    address: { id: ip, ip },
    state: "attached",
    fence: "1.1",
    sinceMs: 50_000,
    hadEphemeral: true,
    deadlineMs: 0,
    lingerUntilMs: 0,
    unsureUntilMs: 0,
    stranded: false,
    ...more,
  };
}

export function aLease(podUid: string, node: string, more: Partial<Lease> = {}): Lease {
  return {
    podUid,
    pod: `shop/${podUid}`,
    serviceAccount: "shop/default",
    pool: "partners",
    node,
    machine: node,
    state: "held",
    sinceMs: 40_000,
    expiresAtMs: 160_000,
    ...more,
  };
}

export function aWaiter(podUid: string, node: string, more: Partial<Waiter> = {}): Waiter {
  return {
    podUid,
    pod: `shop/${podUid}`,
    pool: "partners",
    node,
    sinceMs: 90_000,
    seenMs: 99_000,
    reason: "exhausted",
    detail: "every address is in use",
    position: 1,
    ...more,
  };
}

export function aNode(name: string, more: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name,
    uid: `uid-${name}`,
    bootId: "1",
    providerId: `memory:///${name}`,
    region: "local",
    ready: true,
    notReadySinceMs: null,
    pool: null,
    address: null,
    ...more,
  };
}

export function aPod(uid: string, more: Partial<ClusterPod> = {}): ClusterPod {
  return {
    uid,
    namespace: "shop",
    name: uid,
    serviceAccount: "default",
    node: null,
    pool: "partners",
    sidecar: "started",
    ended: false,
    deleting: false,
    address: null,
    ...more,
  };
}

export function watched<T>(keyOf: (item: T) => string, items: readonly T[]): Watched<T> {
  const map = new Map(items.map((item) => [keyOf(item), item]));
  return { get: (key) => map.get(key), list: () => map.values() };
}
