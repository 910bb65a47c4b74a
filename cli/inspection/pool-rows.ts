import type { Snapshot } from "../../shared/ledger/records.ts";

/** One pool, in numbers. `changing`: addresses that are being attached or detached. */
export interface PoolRow {
  readonly pool: string;
  readonly cloud: string;
  readonly region: string;
  readonly total: number;
  readonly free: number;
  readonly attached: number;
  readonly changing: number;
  /** Attached to something that is not ours. */
  readonly taken: number;
  readonly leases: number;
  readonly waiting: number;
  /** No longer in the pools file; served until its last lease ends. */
  readonly retired: boolean;
}

/** Counts a snapshot by pool, in the order of names. A pool that was taken out shows for as long as it is in use. */
export function poolRows(snapshot: Snapshot): PoolRow[] {
  const { pools, addresses, attachments, leases, waiters } = snapshot;
  const known = new Map(pools.map((pool) => [pool.name, pool]));
  const names = new Set([
    ...known.keys(),
    ...addresses.map(({ pool }) => pool),
    ...attachments.map(({ pool }) => pool),
  ]);
  return [...names].toSorted().map((name) => {
    const of = <T extends { readonly pool: string }>(rows: readonly T[]) => rows.filter(({ pool }) => pool === name);
    const carried = of(attachments);
    const attached = carried.filter(({ state }) => state === "attached" || state === "kept").length;
    return {
      pool: name,
      cloud: known.get(name)?.cloud ?? "-",
      region: known.get(name)?.region ?? "-",
      total: of(addresses).length,
      free: of(addresses).filter(({ state }) => state === "free").length,
      attached,
      changing: carried.length - attached,
      taken: of(addresses).filter(({ state }) => state === "taken").length,
      leases: of(leases).length,
      waiting: of(waiters).length,
      retired: !known.has(name),
    };
  });
}
