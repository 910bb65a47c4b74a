import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import type { Job } from "../port.ts";
import { doubtMs, waiterLifeMs, workMs } from "../times.ts";
import { noteHistory } from "./history.ts";
import type { AddressRecord, AttachmentRecord, PodRecord, State } from "./records.ts";
import { bySince, countFor, namespaceOf, waiters, wakeQueue } from "./turns.ts";

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

export function purgeWaiters(state: State, now: number): void {
  for (const pod of waiters(state)) if (pod.seenMs <= now - waiterLifeMs) state.pods.delete(pod.podUid);
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
  countFor(state, attachment, undefined);
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
  to: "attaching" | "detaching",
): void {
  // Whoever was its actor and has not settled may have left the node without a way out.
  const { state: was, fence, lingerUntilMs } = attachment;
  if (was === "attaching" && fence !== "" && lingerUntilMs === 0) attachment.stranded = true;
  if (attachment.state !== to || attachment.fence === "") noteHistory(state, now, to, attachment);
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

export function addLease(
  state: State,
  now: number,
  pod: PodRecord,
  attachment: AttachmentRecord,
  expiresAtMs: number,
): void {
  const machine = attachment.machine.id;
  const leases = state.leases.get(machine) ?? new Map<string, number>();
  if (!leases.has(pod.podUid)) noteHistory(state, now, "leased", attachment, { pod });
  state.leases.set(machine, leases.set(pod.podUid, expiresAtMs));
  Object.assign(pod, { state: "held", machine, queued: false, reason: "exhausted", detail: "" });
  state.pods.set(pod.podUid, pod);
}

export function dropLease(state: State, machine: string, podUid: string): void {
  if (state.leases.get(machine)?.delete(podUid) === true) passOn(state, machine);
}

/** The last lease of the namespace that the attachment counts for is gone: it counts for that of the oldest which is left. */
function passOn(state: State, machine: string): void {
  const attachment = state.attachments.get(machine);
  if (attachment?.namespace === undefined) return;
  const left = podsOn(state, machine).flatMap((podUid) => state.pods.get(podUid) ?? []);
  if (left.some((pod) => namespaceOf(pod) === attachment.namespace)) return;
  const [oldest] = left.toSorted(bySince);
  if (oldest !== undefined) countFor(state, attachment, namespaceOf(oldest));
}

/** Takes a lease away. Answers the attachment when it was the last lease of an attached one: its linger has begun. */
export function endLease(state: State, now: number, pod: PodRecord): AttachmentRecord | undefined {
  state.pods.delete(pod.podUid);
  dropLease(state, pod.machine, pod.podUid);
  state.changed(pod.machine);
  const attachment = state.attachments.get(pod.machine);
  if (attachment !== undefined) noteHistory(state, now, "released", attachment, { pod });
  if (countLeases(state, pod.machine) > 0) return undefined;
  if (attachment?.state === "attaching" && attachment.fence === "") {
    dropAttachment(state, attachment); // nobody has begun: nothing to undo
    noteHistory(state, now, "detached", attachment);
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
