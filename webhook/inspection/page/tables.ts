import type { AddressRow, List, NodeRow, PodRow, PoolRow } from "./api.ts";
import { addressColumns, leaseColumns, nodeColumns, poolColumns, waitingColumns } from "./columns.ts";
import { table } from "./table.ts";

type Draw<Row> = (list: Pick<List<Row>, "rows">, nowMs: number, empty?: string) => HTMLElement;

export const poolTable: Draw<PoolRow> = ({ rows }, nowMs, empty = "There is no pool yet.") =>
  table({ label: "Pools", columns: poolColumns, rows, key: ({ pool }) => pool, nowMs, empty });
export const addressTable: Draw<AddressRow> = ({ rows }, nowMs, empty = "No address.") =>
  table({ label: "Addresses", columns: addressColumns, rows, key: ({ pool, id }) => `${pool} ${id}`, nowMs, empty });
export const nodeTable: Draw<NodeRow> = ({ rows }, nowMs, empty = "No node.") =>
  table({ label: "Nodes", columns: nodeColumns, rows, key: ({ machine }) => machine, nowMs, empty });
export const leaseTable: Draw<PodRow> = ({ rows }, nowMs, empty = "No pod holds a lease.") =>
  table({ label: "Leases", columns: leaseColumns, rows, key: ({ podUid }) => podUid, nowMs, empty });
export const waitingTable: Draw<PodRow> = ({ rows }, nowMs, empty = "No pod waits.") =>
  table({ label: "Waiting pods", columns: waitingColumns, rows, key: ({ podUid }) => podUid, nowMs, empty });
