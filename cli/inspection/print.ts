import { stringify } from "yaml";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { oneLine } from "../../shared/one-line.ts";
import type { LeaseFilter } from "../../shared/inspection/lease-rows.ts";
import { table } from "./table.ts";
import type { View } from "./views.ts";

export const formats = ["table", "wide", "json", "yaml", "name"] as const;
export type Format = (typeof formats)[number];
export type DocumentFormat = "json" | "yaml";

/** For other programs. Pure. */
export function asDocument(format: DocumentFormat, value: unknown): string {
  return format === "json" ? JSON.stringify(value, null, 2) : stringify(value).trimEnd();
}

/** A view of a snapshot as text; `name`: the names alone, a line each. JSON and YAML: `{at, <name>: [rows]}`, with times in Unix ms of the ledger's clock. Pure. */
export function print<Row>(
  name: string,
  view: View<Row>,
  snapshot: Snapshot,
  options: { readonly format: Format; readonly filter: LeaseFilter },
): string {
  const rows = view.rows(snapshot, options.filter);
  const { nowMs } = snapshot;
  if (options.format === "json" || options.format === "yaml") {
    return asDocument(options.format, { at: new Date(nowMs).toISOString(), [name]: rows });
  }
  if (options.format === "name") return rows.map((row) => oneLine(view.name(row))).join("\n");
  const columns = view.columns.filter(({ wide }) => wide === undefined || options.format === "wide");
  const cells = rows.map((row) => columns.map(({ cell }) => oneLine(String(cell(row, nowMs) ?? "-"))));
  return table(
    columns.map(({ heading }) => heading),
    cells,
  );
}
