import type { LedgerFigures, Waiter } from "../../shared/ledger/records.ts";
import type { Action } from "./action.ts";
import { withoutAddress } from "./observe.ts";

/** A wait shorter than this is nothing to tell: attaching takes a moment. */
const worthTellingMs = 5_000;
/** A condition that lasts is counted once a minute. */
const everyMs = 60_000;

/** The Events that say why pods wait, at which place, and what can be done about it. */
export function explainWaiters(figures: LedgerFigures): Action[] {
  const pools = new Map<string, string>();
  return figures.waiters.flatMap((waiter) => {
    if (waiter.note?.kind === "proceeding") {
      return [warn(waiter, "EgressUnavailable", withoutAddress(`${waiter.reason}: ${waiter.detail}`))];
    }
    if (waiter.reason !== "exhausted") {
      const waitedMs = figures.nowMs - waiter.sinceMs;
      const message = `Waits (${waiter.reason}): ${waiter.detail}`;
      return waitedMs < worthTellingMs ? [] : [warn(waiter, "EgressUnavailable", message)];
    }
    const state = pools.get(waiter.pool) ?? stateOfPool(waiter.pool, figures);
    pools.set(waiter.pool, state);
    const place = `this pod, on node ${waiter.node}, is number ${waiter.position} in the queue`;
    return [warn(waiter, "EgressPoolExhausted", `No address of pool ${waiter.pool} is free; ${place}. ${state}`)];
  });
}

const none: Pick<LedgerFigures["pools"][number], "addresses" | "holders"> = {
  addresses: { free: 0, used: 0, taken: 0, out: 0 },
  holders: [],
};

/** How many wait, who holds the addresses (the first few), and what to do. */
function stateOfPool(pool: string, figures: LedgerFigures): string {
  const waiting = figures.waiters.filter((waiter) => waiter.pool === pool && waiter.reason === "exhausted").length;
  const { addresses, holders } = figures.pools.find(({ name }) => name === pool) ?? none;
  const shown = holders.map(
    ({ address, node, leases }) => `${address.ip} on node ${node} (${leases} ${leases === 1 ? "pod" : "pods"})`,
  );
  const held = addresses.used + addresses.out;
  if (held > shown.length) shown.push(`${held - shown.length} more`);
  const host = holders.find((attachment) => attachment.state === "attached");
  const isEmpty = held + addresses.free + addresses.taken === 0;
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
