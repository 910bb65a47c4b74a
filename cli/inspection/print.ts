import type { Snapshot } from "../../shared/ledger/records.ts";
import { oneLine } from "../../shared/one-line.ts";
import type { LeaseFilter } from "../../shared/inspection/lease-rows.ts";
import { table } from "./table.ts";
import type { View } from "./views.ts";

export type Format = "table" | "wide" | "json";

/** A view of a snapshot as text. JSON: `{at, <name>: [rows]}`, with times in Unix ms of the ledger's clock. Pure. */
export function print<Row>(
  name: string,
  view: View<Row>,
  snapshot: Snapshot,
  options: { readonly format: Format; readonly filter: LeaseFilter },
): string {
  const rows = view.rows(snapshot, options.filter);
  const { nowMs } = snapshot;
  if (options.format === "json") return JSON.stringify({ at: new Date(nowMs).toISOString(), [name]: rows }, null, 2);
  const columns = view.columns.filter(({ wide }) => wide === undefined || options.format === "wide");
  const cells = rows.map((row) => columns.map(({ cell }) => oneLine(String(cell(row, nowMs) ?? "-"))));
  return table(
    columns.map(({ heading }) => heading),
    cells,
  );
}
