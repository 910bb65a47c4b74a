import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import type { DoubtSign } from "../beat.ts";
import type { Job } from "../port.ts";
import type { Attachment, LedgerAddress, NodeEntry, PodNote, WaitReason } from "../records.ts";
import { doubtMs, waiterLifeMs, workMs } from "../times.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface PodRecord {
  podUid: string;
  pod: string;
  serviceAccount: string;
  node: string;
  pool: string;
  machine: string;
  sinceMs: number;
  state: "held" | "draining" | "waiting";
  reason: WaitReason;
  detail: string;
  note?: PodNote;
  secretHash?: string;
  /** Of a waiter: when it last asked, and whether it queues for an address. */
  seenMs: number;
  queued: boolean;
}

export interface AddressRecord {
  id: string;
  ip: string;
  state: LedgerAddress["state"];
  rank: number;
  changedMs: number;
}

export type AttachmentRecord = Mutable<Attachment>;

export interface ProblemRecord {
  code: string;
  message: string;
  untilMs: number;
  count: number;
}

/** The hash `beat`; `server` is "" before the first one. */
export interface BeatRecord {
  sequence: number;
  atMs: number;
  server: string;
  term: number;
  doubtSinceMs: number;
  doubtUntilMs: number;
  emptiedMs: number;
  /** The epoch that has the leases of all running pods again; "" for none. */
  restored: string;
  version: number;
  signs: readonly DoubtSign[];
}

/** The same records as docs/ledger.md describes for Redis, as maps. */
export interface Records {
  epoch: string;
  beat: BeatRecord;
  fences: number;
  pools: Map<string, Pool>;
  retired: Map<string, Pool>;
  nodes: Map<string, NodeEntry>;
  /** Machine id to node name. */
  machines: Map<string, string>;
  addresses: Map<string, Map<string, AddressRecord>>;
  attachments: Map<string, AttachmentRecord>;
  /** Machine id to pod UID to expiry. */
  leases: Map<string, Map<string, number>>;
  pods: Map<string, PodRecord>;
  problems: Map<string, ProblemRecord>;
  /** Machine id to when it changed, until the controller has asked for it. */
  changes: Map<string, number>;
  /** Pool to when its last inventory was read. */
  inventories: Map<string, number>;
}

/** The records, and the steps that several commands share (lib.lua). */
export interface State extends Records {
  /** What a Redis calls its run id. */
  server: string;
  wake(podUid: string): void;
  changed(machine: string): void;
}

export function emptyRecords(): Records {
  return {
    epoch: "",
    beat: {
      sequence: 0,
      atMs: 0,
      server: "",
      term: 0,
      doubtSinceMs: 0,
      doubtUntilMs: 0,
      emptiedMs: 0,
      restored: "",
      version: 1,
      signs: [],
    },
    fences: 0,
    pools: new Map(),
    retired: new Map(),
    nodes: new Map(),
    machines: new Map(),
    addresses: new Map(),
    attachments: new Map(),
    leases: new Map(),
    pods: new Map(),
    problems: new Map(),
    changes: new Map(),
    inventories: new Map(),
  };
}

export function newFence(state: State): string {
  state.fences += 1;
  return `${state.epoch}.${state.fences}`;
}

/** Whoever speaks for a pod brings the hash of its secret, or is trusted without one. */
export function checkSecret(pod: PodRecord, secretHash: string | undefined): void {
  if (secretHash === undefined || pod.secretHash === secretHash) return;
  throw new EgressError("LEASE_SECRET_WRONG", `the lease of pod ${pod.podUid} was not acquired with this secret last`);
}

export const anyPool = (state: State, name: string): Pool | undefined =>
  state.pools.get(name) ?? state.retired.get(name);

export const countLeases = (state: State, machine: string): number => state.leases.get(machine)?.size ?? 0;

export const podsOn = (state: State, machine: string): string[] => [...(state.leases.get(machine)?.keys() ?? [])];

export const waiters = (state: State): PodRecord[] => [...state.pods.values()].filter((pod) => pod.state === "waiting");

export function queue(state: State, pool: string): PodRecord[] {
  return waiters(state)
    .filter((pod) => pod.queued && pod.pool === pool)
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.podUid < b.podUid ? -1 : 1));
}

export function freeAddresses(state: State, pool: string): AddressRecord[] {
  return [...(state.addresses.get(pool)?.values() ?? [])]
    .filter((address) => address.state === "free")
    .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

export function purgeWaiters(state: State, now: number): void {
  for (const pod of waiters(state)) if (pod.seenMs <= now - waiterLifeMs) state.pods.delete(pod.podUid);
}

/** The oldest waiter of each node that waits for an address of the pool, up to (not counting) the pod `before`. */
export function waitingNodes(state: State, pool: string, limit: number, before?: string, except?: string): PodRecord[] {
  const machines = new Set<string>();
  const order: PodRecord[] = [];
  for (const pod of queue(state, pool)) {
    if (pod.podUid === before || order.length >= limit) break;
    if (pod.machine === except || machines.has(pod.machine) || state.attachments.has(pod.machine)) continue;
    machines.add(pod.machine);
    order.push(pod);
  }
  return order;
}

export function wakeQueue(state: State, pool: string): void {
  for (const pod of waitingNodes(state, pool, freeAddresses(state, pool).length)) state.wake(pod.podUid);
}

export function wakeWaiters(state: State, which: (pod: PodRecord) => boolean): void {
  for (const pod of waiters(state)) if (which(pod)) state.wake(pod.podUid);
}

export function markAddress(state: State, now: number, pool: string, id: string, to: AddressRecord["state"]): void {
  const address = state.addresses.get(pool)?.get(id);
  if (address === undefined) return;
  address.state = to;
  address.changedMs = now;
}

export function freeAddress(state: State, now: number, pool: string, id: string): void {
  const address = state.addresses.get(pool)?.get(id);
  if (address?.state === "out" || !state.pools.has(pool)) {
    state.addresses.get(pool)?.delete(id);
    return;
  }
  markAddress(state, now, pool, id, "free");
  wakeQueue(state, pool);
}

export function dropAttachment(state: State, attachment: AttachmentRecord): void {
  state.attachments.delete(attachment.machine.id);
  if (state.pools.has(attachment.pool)) return;
  if ([...state.attachments.values()].some(({ pool }) => pool === attachment.pool)) return;
  state.retired.delete(attachment.pool);
  state.addresses.delete(attachment.pool);
}

export function lingerUntil(state: State, now: number, attachment: Pick<AttachmentRecord, "pool" | "machine">): number {
  const pool = state.pools.get(attachment.pool);
  if (pool === undefined || !state.machines.has(attachment.machine.id)) return now;
  return now + pool.lingerSeconds * 1000;
}

export function startWork(
  state: State,
  now: number,
  attachment: AttachmentRecord,
  to: AttachmentRecord["state"],
): void {
  if (attachment.state !== to) attachment.sinceMs = now;
  attachment.state = to;
  attachment.fence = newFence(state);
  attachment.unsureUntilMs = Math.max(attachment.unsureUntilMs, sureFromMs(attachment));
  attachment.deadlineMs = now + workMs;
  attachment.lingerUntilMs = 0;
}

/** From then on what the last attempt asked of the cloud has come true or never will, also where its actor has not settled. */
function sureFromMs({ lingerUntilMs, deadlineMs }: AttachmentRecord): number {
  return lingerUntilMs === 0 ? deadlineMs + doubtMs : lingerUntilMs;
}

export function jobOf(state: State, kind: Job["kind"], attachment: AttachmentRecord): Job {
  const pool = anyPool(state, attachment.pool);
  if (pool === undefined) throw new Error(`attachment of ${attachment.machine.id} without its pool ${attachment.pool}`);
  const nodeGone = !state.machines.has(attachment.machine.id);
  return {
    kind,
    machine: attachment.machine,
    node: attachment.node,
    address: attachment.address,
    fence: attachment.fence,
    restoreEphemeral: attachment.hadEphemeral,
    pool: nodeGone && pool.onRelease === "keepUntilNodeGone" ? { ...pool, onRelease: "release" } : pool,
  };
}

export function addLease(state: State, pod: PodRecord, machine: string, expiresAtMs: number): void {
  const leases = state.leases.get(machine) ?? new Map<string, number>();
  state.leases.set(machine, leases.set(pod.podUid, expiresAtMs));
  Object.assign(pod, { state: "held", machine, queued: false, reason: "exhausted", detail: "" });
  state.pods.set(pod.podUid, pod);
}

/** Takes a lease away. Answers the attachment when it was the last lease of an attached one: its linger has begun. */
export function endLease(state: State, now: number, pod: PodRecord): AttachmentRecord | undefined {
  state.pods.delete(pod.podUid);
  state.leases.get(pod.machine)?.delete(pod.podUid);
  state.changed(pod.machine);
  if (countLeases(state, pod.machine) > 0) return undefined;
  const attachment = state.attachments.get(pod.machine);
  if (attachment?.state === "attaching" && attachment.fence === "") {
    dropAttachment(state, attachment); // nobody has begun: nothing to undo
    freeAddress(state, now, attachment.pool, attachment.address.id);
    return undefined;
  }
  if (attachment?.state !== "attached") return undefined;
  attachment.lingerUntilMs = lingerUntil(state, now, attachment);
  return attachment;
}

export function endLeases(state: State, now: number, machine: string): void {
  for (const podUid of podsOn(state, machine)) {
    const pod = state.pods.get(podUid);
    if (pod !== undefined) endLease(state, now, pod);
  }
}

/** What is to be done on an attachment next, and from when on; null when time alone makes nothing due. */
export function nextWork(state: State, attachment: AttachmentRecord): { kind: Job["kind"]; atMs: number } | null {
  const { deadlineMs, lingerUntilMs, unsureUntilMs } = attachment;
  const idle = countLeases(state, attachment.machine.id) === 0;
  switch (attachment.state) {
    case "attaching":
      if (!idle) return { kind: "attach", atMs: deadlineMs };
      // Nobody wants the address any more: whatever its actor has done is undone.
      return { kind: "detach", atMs: Math.max(deadlineMs, sureFromMs(attachment)) };
    case "detaching":
      return { kind: "detach", atMs: deadlineMs };
    case "attached":
      return idle ? { kind: "detach", atMs: Math.max(lingerUntilMs, unsureUntilMs) } : null;
    case "kept": {
      const gone = !state.machines.has(attachment.machine.id);
      return gone && anyPool(state, attachment.pool)?.onRelease !== "keep" ? { kind: "detach", atMs: 0 } : null;
    }
  }
}
