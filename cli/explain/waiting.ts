import { addressState, type AddressState } from "../../shared/inspection/address-state.ts";
import { duration } from "../../shared/inspection/duration.ts";
import { whatToDo } from "../../shared/inspection/what-to-do.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { LedgerFigures, Waiter } from "../../shared/ledger/records.ts";

/** Who holds an address of a pool: its node, since when, and the pods there. */
export interface Holder {
  readonly address: string;
  readonly node: string;
  readonly state: AddressState;
  readonly sinceMs: number;
  readonly pods: readonly string[];
}

/** The addresses of one pool, for those who wait: some of its holders, how many more there are, and how many wait. */
export interface PoolState {
  readonly total: number;
  readonly free: number;
  readonly waiting: number;
  readonly holders: readonly Holder[];
  readonly moreHolders: number;
}

/** A pod that waits: why, at which place, who has what it waits for, and what a person can do. */
export interface Waiting {
  readonly pod: string;
  readonly podUid: string;
  readonly pool: string;
  readonly node: string;
  readonly sinceMs: number;
  readonly waitedMs: number;
  /** In the pool's queue, 1 is next; null when what it waits for is not a free address. */
  readonly position: number | null;
  readonly reason: Waiter["reason"];
  readonly detail: string;
  readonly todo: string;
  /** The app runs already, without its address (`on-unavailable: proceed`). */
  readonly proceeding: boolean;
}

/** Reads who holds a pool's addresses: of the first few nodes, which pods. Costs those nodes, whatever the pool's size. */
export async function readPoolState(
  ledger: Pick<Ledger, "look">,
  figures: LedgerFigures,
  pool: string,
): Promise<PoolState> {
  const found = figures.pools.find(({ name }) => name === pool);
  const waiting = figures.waiters.filter((waiter) => waiter.pool === pool).length;
  if (found === undefined) return { total: 0, free: 0, waiting, holders: [], moreHolders: 0 };
  const { free, used, taken, out } = found.addresses;
  const holders = await Promise.all(
    found.holders.map(async (attachment): Promise<Holder> => {
      const { leases } = await ledger.look(attachment.machine.id);
      const { node, sinceMs, address } = attachment;
      const state = addressState(attachment, leases);
      return { address: address.ip, node, state, sinceMs, pods: leases.map(({ pod }) => pod) };
    }),
  );
  const moreHolders = Math.max(0, used + out - holders.length);
  return { total: free + used + taken + out, free, waiting, holders, moreHolders };
}

export function waitingOf(waiter: Waiter, nowMs: number): Waiting {
  const { pod, podUid, pool, node, sinceMs, reason, detail, position, note } = waiter;
  return {
    pod,
    podUid,
    pool,
    node,
    sinceMs,
    waitedMs: Math.max(0, nowMs - sinceMs),
    position: position === 0 ? null : position,
    reason,
    detail,
    todo: whatToDo[reason],
    proceeding: note?.kind === "proceeding",
  };
}

const mostPodsShown = 4;

/** For people, a line each: who waits and at which place, why, who holds the addresses, what to do. */
export function waitingLines(waiting: Waiting, state: PoolState | undefined, nowMs: number): string[] {
  const { pod, pool, node, waitedMs, position, reason, detail, todo, proceeding } = waiting;
  const place = position === null ? "" : `: number ${position} of ${state?.waiting ?? position} in its queue`;
  return [
    `${pod} waits for an address of pool ${pool} on node ${node}, for ${duration(waitedMs)}${place}`,
    `  why:   ${reason}: ${detail}`,
    ...(state === undefined ? [] : holderLines(state, nowMs)),
    `  to do: ${todo}`,
    ...(proceeding ? ["  note:  its app runs already, without the address (on-unavailable: proceed)"] : []),
  ];
}

function holderLines({ total, free, holders, moreHolders }: PoolState, nowMs: number): string[] {
  const lines = holders.map(({ address, node, state, sinceMs, pods }) => {
    const shown = pods.slice(0, mostPodsShown);
    if (pods.length > shown.length) shown.push(`${pods.length - shown.length} more`);
    return `${address} (${state} for ${duration(nowMs - sinceMs)}) on node ${node}: ${shown.join(", ") || "no pod"}`;
  });
  if (moreHolders > 0) lines.push(`${moreHolders} more, see: static-egress addresses`);
  if (lines.length === 0) lines.push(total === 0 ? "the pool has no address: check its select" : "none of ours");
  return [
    `  pool:  ${total} ${total === 1 ? "address" : "addresses"}, ${free} free`,
    ...lines.map((line, index) => `  ${index === 0 ? "held: " : "      "} ${line}`),
  ];
}
