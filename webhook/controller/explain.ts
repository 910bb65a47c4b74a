import type { Snapshot, Waiter } from "../../shared/ledger/port.ts";
import type { Action } from "./observe.ts";

/** A wait shorter than this is nothing to tell: attaching takes a moment. */
const worthTellingMs = 5_000;
/** A condition that lasts is counted once a minute. */
const everyMs = 60_000;
const holdersShown = 3;

/** The Event that says why a pod waits, at which place, and what can be done about it. */
export function explainWaiter(waiter: Waiter, snapshot: Snapshot): Action[] {
  const exhausted = waiter.reason === "exhausted";
  if (!exhausted && snapshot.nowMs - waiter.sinceMs < worthTellingMs) return [];
  const slash = waiter.pod.indexOf("/");
  const about = {
    kind: "Pod",
    namespace: waiter.pod.slice(0, slash),
    name: waiter.pod.slice(slash + 1),
    uid: waiter.podUid,
  } as const;
  const reason = exhausted ? "EgressPoolExhausted" : "EgressUnavailable";
  const message = exhausted ? explainExhausted(waiter, snapshot) : `Waits (${waiter.reason}): ${waiter.detail}`;
  const event = { about, type: "Warning", reason, message } as const;
  return [{ key: `waits/${waiter.podUid}/${reason}`, text: "", everyMs, event }];
}

/** Who holds the pool's addresses (the first few), the place in the queue, and what to do. */
export function explainExhausted(waiter: Waiter, snapshot: Snapshot): string {
  const addresses = snapshot.addresses.filter((address) => address.pool === waiter.pool);
  const queue = snapshot.waiters.filter(({ pool, reason }) => pool === waiter.pool && reason === "exhausted");
  const holders = snapshot.attachments.filter((attachment) => attachment.pool === waiter.pool);
  const shown = holders.slice(0, holdersShown).map(({ address, node, machine }) => {
    const pods = snapshot.leases.filter((lease) => lease.machine === machine.id).length;
    return `${address.ip} on node ${node} (${pods} ${pods === 1 ? "pod" : "pods"})`;
  });
  if (holders.length > shown.length) shown.push(`${holders.length - shown.length} more`);
  const host = holders.find((attachment) => attachment.state === "attached");
  const sentences = [
    `No address of pool ${waiter.pool} is free for node ${waiter.node}; this pod is number ${waiter.position} of ${queue.length} in the queue.`,
    addresses.length === 0
      ? "The pool has no address at all: check its select."
      : `Held: ${shown.join(", ") || "none"}.`,
    "Reserve another address for the pool, or end pods that hold one.",
    host === undefined ? "" : `Node ${host.node} has an address of this pool: a pod there does not wait.`,
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}
