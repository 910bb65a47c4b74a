import { addressRows, type AddressRow } from "../../shared/inspection/address-rows.ts";
import { duration } from "../../shared/inspection/duration.ts";
import { leaseRows, type LeaseFilter, type LeaseRow } from "../../shared/inspection/lease-rows.ts";
import { nodeRows, type NodeRow } from "../../shared/inspection/node-rows.ts";
import { poolRows, type PoolRow } from "../../shared/inspection/pool-rows.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";

interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row, nowMs: number) => string | number | null;
  /** Only with `-o wide`. */
  readonly wide?: true;
}

/** A table of the inspection: its rows from a snapshot, and its columns. */
export interface View<Row> {
  readonly rows: (snapshot: Snapshot, filter: LeaseFilter) => readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** With `-o name`: what other commands take. */
  readonly name: (row: Row) => string;
}

const yesNo = (value: boolean): string => (value ? "yes" : "no");
const fits = (wanted: string | undefined, value: string | null): boolean => wanted === undefined || wanted === value;

export const pools: View<PoolRow> = {
  rows: (snapshot, filter) => poolRows(snapshot).filter(({ pool }) => fits(filter.pool, pool)),
  name: ({ pool }) => pool,
  columns: [
    { heading: "POOL", cell: ({ pool }) => pool },
    { heading: "CLOUD", cell: ({ cloud }) => cloud },
    { heading: "REGION", cell: ({ region }) => region },
    { heading: "TOTAL", cell: ({ total }) => total },
    { heading: "FREE", cell: ({ free }) => free },
    { heading: "ATTACHED", cell: ({ attached }) => attached },
    { heading: "LEASES", cell: ({ leases }) => leases },
    { heading: "WAITING", cell: ({ waiting }) => waiting },
    { heading: "ATTACHING", cell: ({ attaching }) => attaching, wide: true },
    { heading: "DRAINING", cell: ({ draining }) => draining, wide: true },
    { heading: "LINGERING", cell: ({ lingering }) => lingering, wide: true },
    { heading: "TAKEN", cell: ({ taken }) => taken, wide: true },
    { heading: "EXHAUSTED", cell: ({ exhausted }) => yesNo(exhausted), wide: true },
    { heading: "RETIRED", cell: ({ retired }) => yesNo(retired), wide: true },
  ],
};

export const addresses: View<AddressRow> = {
  rows: (snapshot, filter) =>
    addressRows(snapshot).filter(({ pool, node }) => fits(filter.pool, pool) && fits(filter.node, node)),
  name: ({ ip }) => ip,
  columns: [
    { heading: "ADDRESS", cell: ({ ip }) => ip },
    { heading: "POOL", cell: ({ pool }) => pool },
    { heading: "STATE", cell: ({ state }) => state },
    { heading: "NODE", cell: ({ node }) => node },
    { heading: "LEASES", cell: ({ leases }) => leases, wide: true },
    { heading: "OUT", cell: ({ out }) => yesNo(out), wide: true },
    { heading: "ID", cell: ({ id }) => id, wide: true },
  ],
};

export const nodes: View<NodeRow> = {
  rows: (snapshot, filter) =>
    nodeRows(snapshot).filter(({ pool, node }) => fits(filter.pool, pool) && fits(filter.node, node)),
  name: ({ node }) => node,
  columns: [
    { heading: "NODE", cell: ({ node }) => node },
    { heading: "MACHINE", cell: ({ machine }) => machine },
    { heading: "POOL", cell: ({ pool }) => pool },
    { heading: "ADDRESS", cell: ({ address }) => address },
    { heading: "STATE", cell: ({ state }) => state },
    { heading: "LEASES", cell: ({ leases }) => leases },
    { heading: "SINCE", cell: ({ sinceMs }, nowMs) => (sinceMs === null ? null : duration(nowMs - sinceMs)) },
    { heading: "READY", cell: ({ ready }) => yesNo(ready), wide: true },
    { heading: "FENCE", cell: ({ fence }) => fence, wide: true },
    { heading: "PROBLEM", cell: ({ problem }) => problem, wide: true },
  ],
};

export const leases: View<LeaseRow> = {
  rows: leaseRows,
  name: ({ pod }) => pod,
  columns: [
    { heading: "POD", cell: ({ pod }) => pod },
    { heading: "POOL", cell: ({ pool }) => pool },
    { heading: "NODE", cell: ({ node }) => node },
    { heading: "ADDRESS", cell: ({ address }) => address },
    { heading: "STATE", cell: ({ state, position }) => (position === null ? state : `${state} #${position}`) },
    { heading: "AGE", cell: ({ sinceMs }, nowMs) => duration(nowMs - sinceMs) },
    { heading: "EXPIRES IN", cell: ({ expiresAtMs }, nowMs) => expiry(expiresAtMs, nowMs) },
    { heading: "REASON", cell: ({ reason }) => reason },
    { heading: "UID", cell: ({ podUid }) => podUid, wide: true },
    { heading: "DETAIL", cell: ({ detail }) => detail, wide: true },
  ],
};

function expiry(expiresAtMs: number | null, nowMs: number): string | null {
  if (expiresAtMs === null) return null;
  return expiresAtMs > nowMs ? duration(expiresAtMs - nowMs) : `late by ${duration(nowMs - expiresAtMs)}`;
}
