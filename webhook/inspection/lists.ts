import { addressRows } from "../../shared/inspection/address-rows.ts";
import { leaseRows } from "../../shared/inspection/lease-rows.ts";
import { nodeRows } from "../../shared/inspection/node-rows.ts";
import { poolRows } from "../../shared/inspection/pool-rows.ts";
import { whatToDo } from "../../shared/inspection/what-to-do.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import type { ListQuery, PodRow } from "./schemas.ts";

export interface List<Row> {
  readonly nowMs: number;
  readonly total: number;
  readonly rows: readonly Row[];
}

/** Computes what many requests ask of one snapshot only once, and when the first asks. */
function ofSnapshot<T>(compute: (snapshot: Snapshot) => T): (snapshot: Snapshot) => T {
  const known = new WeakMap<Snapshot, { readonly value: T }>();
  return (snapshot) => {
    const entry = known.get(snapshot) ?? { value: compute(snapshot) };
    known.set(snapshot, entry);
    return entry.value;
  };
}

export const poolsOf = ofSnapshot(poolRows);
export const addressesOf = ofSnapshot(addressRows);
/** Whether a node is ready, and its fence, are left out: a mirror is not told when they change. */
export const nodesOf = ofSnapshot((snapshot) =>
  nodeRows(snapshot).map(({ fence: _fence, ready: _ready, ...row }) => row),
);
export const podsOf = ofSnapshot((snapshot) =>
  leaseRows(snapshot).map(({ expiresAtMs: _expiresAtMs, ...row }): PodRow => ({
    ...row,
    todo: row.reason === null ? null : whatToDo[row.reason],
  })),
);

/** What node rows add to the name of a node that has left the directory. */
const gone = / \(gone\)$/;

/** The part of the rows that a query asks for. All that it names has to fit. */
export function pick<
  Row extends Partial<Record<"pool" | "node" | "pod" | "address" | "ip" | "machine", string | null>>,
>(
  rows: readonly Row[],
  { pool, node, namespace, search, limit, offset }: ListQuery,
): { readonly total: number; readonly rows: readonly Row[] } {
  const wanted = search?.trim().toLowerCase() ?? "";
  const found = rows.filter(
    (row) =>
      (pool === undefined || row.pool === pool) &&
      (node === undefined || row.node?.replace(gone, "") === node) &&
      (namespace === undefined || row.pod?.startsWith(`${namespace}/`) === true) &&
      (wanted === "" ||
        [row.pod, row.node, row.address, row.ip, row.pool, row.machine].some(
          (text) => text?.toLowerCase().includes(wanted) === true,
        )),
  );
  return { total: found.length, rows: found.slice(offset, offset + limit) };
}
