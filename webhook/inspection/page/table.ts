import type { List } from "./api.ts";
import { h, type Child } from "./dom.ts";
import { hrefOf, type Route } from "./route.ts";
import { pageSize } from "./view.ts";

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row, nowMs: number) => Child | readonly Child[];
  readonly number?: true;
}

/** A table, or a sentence where it has no row. Roles are written out: on a phone its rows are blocks, and no table any more. */
export function table<Row>(options: {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly key: (row: Row) => string;
  readonly nowMs: number;
  readonly empty: string;
}): HTMLElement {
  const { label, columns, rows, key, nowMs, empty } = options;
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  const kind = ({ number }: Column<Row>) => (number === true ? "number" : null);
  const head = columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", class: kind(column) }, column.heading),
  );
  const body = rows.map((row) => {
    const cells = columns.map((column) => {
      const content = column.cell(row, nowMs);
      const children = Array.isArray(content) ? (content as readonly Child[]) : [content as Child];
      return h("td", { role: "cell", class: kind(column), "data-label": column.heading }, h("div", {}, ...children));
    });
    return h("tr", { role: "row", "data-key": key(row) }, ...cells);
  });
  return h(
    "table",
    { role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    h("tbody", { role: "rowgroup" }, ...body),
  );
}

/** Which part of a list is shown, with ways to the ones beside it; nothing where all of it is. */
export function pager({ view, names, page }: Route, { total, rows }: List<unknown>): Child {
  if (total <= pageSize && page === 1) return null;
  const first = (page - 1) * pageSize;
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages" },
    page > 1 && h("a", { href: hrefOf(view, names, page - 1), rel: "prev" }, "Previous"),
    h("span", {}, rows.length === 0 ? `none of ${total}` : `${first + 1}–${first + rows.length} of ${total}`),
    first + rows.length < total && h("a", { href: hrefOf(view, names, page + 1), rel: "next" }, "Next"),
  );
}
