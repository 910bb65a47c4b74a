import type { Snapshot, Waiter } from "../../shared/ledger/port.ts";
import type { Action } from "./action.ts";

/** A wait shorter than this is nothing to tell: attaching takes a moment. */
const worthTellingMs = 5_000;
/** A condition that lasts is counted once a minute. */
const everyMs = 60_000;
const holdersShown = 3;

/** The Events that say why pods wait, at which place, and what can be done about it. */
export function explainWaiters(snapshot: Snapshot): Action[] {
  const pools = new Map<string, string>();
  return snapshot.waiters.flatMap((waiter) => {
    if (waiter.reason !== "exhausted") {
      const waitedMs = snapshot.nowMs - waiter.sinceMs;
      const message = `Waits (${waiter.reason}): ${waiter.detail}`;
      return waitedMs < worthTellingMs ? [] : [warn(waiter, "EgressUnavailable", message)];
    }
    const state = pools.get(waiter.pool) ?? stateOfPool(waiter.pool, snapshot);
    pools.set(waiter.pool, state);
    const place = `this pod, on node ${waiter.node}, is number ${waiter.position} in the queue`;
    return [warn(waiter, "EgressPoolExhausted", `No address of pool ${waiter.pool} is free; ${place}. ${state}`)];
  });
}

/** How many wait, who holds the addresses (the first few), and what to do. */
function stateOfPool(pool: string, snapshot: Snapshot): string {
  const waiting = snapshot.waiters.filter((waiter) => waiter.pool === pool && waiter.reason === "exhausted").length;
  const held = snapshot.attachments.filter((attachment) => attachment.pool === pool);
  const shown = held.slice(0, holdersShown).map(({ address, node, machine }) => {
    const pods = snapshot.leases.filter((lease) => lease.machine === machine.id).length;
    return `${address.ip} on node ${node} (${pods} ${pods === 1 ? "pod" : "pods"})`;
  });
  if (held.length > shown.length) shown.push(`${held.length - shown.length} more`);
  const host = held.find((attachment) => attachment.state === "attached");
  const isEmpty = !snapshot.addresses.some((address) => address.pool === pool);
  const sentences = [
    `${waiting} ${waiting === 1 ? "waits" : "wait"}.`,
    isEmpty ? "The pool has no address at all: check its select." : `Held: ${shown.join(", ") || "none"}.`,
    "Reserve another address for the pool, or end pods that hold one.",
    ...(host === undefined ? [] : [`Node ${host.node} has an address of this pool: a pod there does not wait.`]),
  ];
  return sentences.join(" ");
}

function warn(waiter: Waiter, reason: "EgressPoolExhausted" | "EgressUnavailable", message: string): Action {
  const slash = waiter.pod.indexOf("/");
  const [namespace, name] = [waiter.pod.slice(0, slash), waiter.pod.slice(slash + 1)];
  const about = { kind: "Pod", namespace, name, uid: waiter.podUid } as const;
  const event = { about, type: "Warning", reason, message } as const;
  return { key: `waits/${waiter.podUid}/${reason}`, text: "", everyMs, event };
}
