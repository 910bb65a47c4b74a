import type { Pool } from "../pools/schema.ts";
import type { Snapshot } from "../ledger/records.ts";
import { addressState, addressStates, isExhausted, type AddressState } from "./address-state.ts";
import { byMachine } from "./by-machine.ts";

/** One pool, in numbers: its addresses by state, and those that are `taken`: attached to something that is not ours. */
export interface PoolRow extends Readonly<Record<AddressState, number>> {
  readonly pool: string;
  readonly cloud: string;
  readonly region: string;
  readonly total: number;
  readonly taken: number;
  readonly leases: number;
  readonly waiting: number;
  /** No address is free, and pods wait. */
  readonly exhausted: boolean;
  /** No longer in the pools file; served until its last lease ends. */
  readonly retired: boolean;
}

/** Counts a snapshot by pool, in the order of names. A pool that was taken out shows for as long as it is in use. */
export function poolRows(snapshot: Snapshot): PoolRow[] {
  const counts = new Map<string, Counts>();
  const of = (pool: string): Counts => {
    const known = counts.get(pool) ?? noCounts();
    counts.set(pool, known);
    return known;
  };
  const pools = new Map(snapshot.pools.map((pool) => [pool.name, pool]));
  for (const name of pools.keys()) of(name);
  for (const { pool, state } of snapshot.addresses) {
    of(pool).total += 1;
    if (state === "free" || state === "taken") of(pool)[state] += 1;
  }
  const on = byMachine(snapshot);
  for (const attachment of snapshot.attachments) {
    of(attachment.pool)[addressState(attachment, on(attachment.machine.id).leases)] += 1;
  }
  for (const { pool } of snapshot.leases) of(pool).leases += 1;
  for (const { pool } of snapshot.waiters) if (counts.has(pool)) of(pool).waiting += 1;
  return [...counts].map(([name, row]) => poolRow(name, pools.get(name), row)).toSorted(byName);
}

type Counts = Record<AddressState | "total" | "taken" | "leases" | "waiting", number>;

const noCounts = (): Counts => ({
  ...(Object.fromEntries(addressStates.map((state) => [state, 0])) as Record<AddressState, number>),
  total: 0,
  taken: 0,
  leases: 0,
  waiting: 0,
});

function poolRow(name: string, pool: Pool | undefined, counts: Counts): PoolRow {
  const { cloud, region } = pool ?? { cloud: "-", region: "-" };
  return { pool: name, cloud, region, ...counts, exhausted: isExhausted(counts), retired: pool === undefined };
}

const byName = (a: PoolRow, b: PoolRow): number => (a.pool < b.pool ? -1 : 1);
