import type { Attachment, Lease, Snapshot } from "../../shared/ledger/records.ts";
import type { ClusterEvent, ClusterNode, ClusterPod, Watched } from "./cluster/port.ts";
import type { Action } from "./action.ts";

export interface View {
  readonly nodes: Watched<ClusterNode>;
  readonly pods: Pick<Watched<ClusterPod>, "get">;
  /** Whether the ledger knows what the cloud holds of a pool. Until then what it lacks is not taken off a node. */
  readonly known: (pool: string) => boolean;
}

/** The watch shows our own writes within moments; after that a difference is a real one. */
const settleMs = 30_000;

/**
 * What the cluster should be told, from what the ledger says now, what it said before, and what is written already: of one
 * machine, with its node alone in `nodes`, or of all of them.
 */
export function observe(previous: Snapshot | null, snapshot: Snapshot, view: View): Action[] {
  return [
    ...nodeActions(snapshot, view),
    ...podActions(snapshot, view),
    ...releasedActions(previous, snapshot, view),
    ...conflictActions(snapshot, view),
    ...noteActions(snapshot),
  ];
}

function* nodeActions(snapshot: Snapshot, { nodes, known }: View): Generator<Action> {
  const carries = new Map<string, Attachment>();
  const machines = new Map(snapshot.nodes.map(({ name, machine }) => [name, machine.id]));
  for (const attachment of snapshot.attachments) {
    const { node, machine, state } = attachment;
    // Another machine may have the name by now.
    if (state !== "attaching" && (machines.get(node) ?? machine.id) === machine.id) carries.set(node, attachment);
  }
  for (const node of nodes.list()) {
    const attachment = carries.get(node.name);
    const pool = attachment?.pool ?? null;
    const address = attachment?.address.ip ?? null;
    if (node.pool === pool && node.address === address) continue;
    if (attachment === undefined && !known(node.pool ?? "")) continue;
    const told = node.address === address;
    const event =
      attachment === undefined
        ? nodeEvent(node, "EgressAddressReleased", `Address ${node.address} of pool ${node.pool} is no longer here.`)
        : nodeEvent(node, "EgressAddressAttached", `Address ${address} of pool ${pool} is attached.`);
    yield {
      key: `node/${node.uid}`,
      text: `${pool} ${address}`,
      everyMs: settleMs,
      markNode: { name: node.name, pool, address },
      ...(told ? {} : { event }),
    };
  }
}

function* podActions(snapshot: Snapshot, { pods }: View): Generator<Action> {
  const attached = new Map<string, Attachment>();
  for (const attachment of snapshot.attachments) {
    if (attachment.state === "attached") attached.set(attachment.machine.id, attachment);
  }
  const makers = new Map<string, Lease>();
  for (const lease of snapshot.leases) {
    const attachment = attached.get(lease.machine);
    const maker = makers.get(lease.machine);
    if (attachment === undefined || lease.sinceMs > attachment.sinceMs) continue;
    if (maker === undefined || lease.sinceMs < maker.sinceMs) makers.set(lease.machine, lease);
  }
  for (const lease of snapshot.leases) {
    const attachment = attached.get(lease.machine);
    const pod = pods.get(lease.podUid);
    if (attachment === undefined || pod === undefined || pod.address === attachment.address.ip) continue;
    const { ip } = attachment.address;
    const where = `address ${ip} of pool ${lease.pool} on node ${lease.node}`;
    const event =
      pod.address !== null
        ? podEvent(lease, "EgressAddressChanged", `Leaves from ${where} now, no longer from ${pod.address}.`)
        : makers.get(lease.machine) === lease
          ? podEvent(lease, "EgressAddressAttached", `Leaves from ${where}, attached for this pod.`)
          : podEvent(lease, "EgressAddressShared", `Leaves from ${where}, shared with other pods.`);
    yield { key: `pod/${lease.podUid}`, text: ip, everyMs: settleMs, event, markPod: { pod, address: ip } };
  }
}

/** A lease that is no longer there. Not told across a lost ledger: those leases are taken again. */
function* releasedActions(previous: Snapshot | null, snapshot: Snapshot, { pods }: View): Generator<Action> {
  if (previous === null || previous.epoch !== snapshot.epoch) return;
  const still = new Set(snapshot.leases.map((lease) => lease.podUid));
  const requeued = new Set(snapshot.waiters.map((waiter) => waiter.podUid));
  for (const lease of previous.leases) {
    if (still.has(lease.podUid) || requeued.has(lease.podUid)) continue;
    const message = `The lease in pool ${lease.pool} on node ${lease.node} has ended.`;
    const event = podEvent(lease, "EgressReleased", message);
    // One that goes anyway is not written to.
    const pod = pods.get(lease.podUid);
    const stays = pod !== undefined && pod.address !== null && !pod.deleting && !pod.ended;
    const markPod = stays ? { markPod: { pod, address: null } } : {};
    yield { key: `released/${lease.podUid}`, text: message, everyMs: settleMs, event, ...markPod };
  }
}

function* conflictActions(snapshot: Snapshot, { nodes }: View): Generator<Action> {
  const names = new Map(snapshot.nodes.map((entry) => [entry.machine.id, entry.name]));
  for (const problem of snapshot.problems) {
    const node = nodes.get(names.get(problem.machine) ?? "");
    if (problem.code !== "NODE_FOREIGN_ADDRESS" || node === undefined) continue;
    const event = nodeEvent(node, "EgressConflict", problem.message);
    yield { key: `conflict/${node.uid}`, text: "", everyMs: 60_000, event };
  }
}

/** What sidecars say of pods that hold a lease; of those that wait explain.ts tells. */
function* noteActions(snapshot: Snapshot): Generator<Action> {
  for (const lease of snapshot.leases) {
    if (lease.note === undefined) continue;
    const { kind, detail } = lease.note;
    const event =
      kind === "unverified"
        ? podEvent(lease, "EgressVerifyFailed", `The address is attached and not confirmed: ${detail}`)
        : podEvent(lease, "EgressUnavailable", withoutAddress(detail));
    yield { key: `note/${lease.podUid}/${kind}`, text: "", everyMs: 600_000, event };
  }
}

/** Under `on-unavailable: proceed` an app may run though it leaves from any address. */
export function withoutAddress(detail: string): string {
  return `Started without its address (on-unavailable: proceed), which is still being asked for: ${detail}`;
}

function nodeEvent(node: ClusterNode, reason: ClusterEvent["reason"], message: string): ClusterEvent {
  const about = { kind: "Node", namespace: null, name: node.name, uid: node.uid } as const;
  return { about, type: reason === "EgressConflict" ? "Warning" : "Normal", reason, message };
}

const warnings: ReadonlySet<ClusterEvent["reason"]> = new Set<ClusterEvent["reason"]>([
  "EgressAddressChanged",
  "EgressVerifyFailed",
  "EgressUnavailable",
]);

function podEvent(lease: Lease, reason: ClusterEvent["reason"], message: string): ClusterEvent {
  const slash = lease.pod.indexOf("/");
  const about = { kind: "Pod", namespace: lease.pod.slice(0, slash), name: lease.pod.slice(slash + 1) } as const;
  const type = warnings.has(reason) ? "Warning" : "Normal";
  return { about: { ...about, uid: lease.podUid }, type, reason, message };
}
