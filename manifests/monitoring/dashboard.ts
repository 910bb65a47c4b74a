import { rows, type Panel } from "./panels.ts";

/** Of the 24 columns that a dashboard has. */
const width = 8;
const height = 7;
const datasource = { type: "prometheus", uid: "${datasource}" };

/** The dashboard as Grafana imports it (schema of Grafana 10). Identifiers are places in the list: the same list, the same file. */
export function dashboard(): object {
  const panels: object[] = [];
  let y = 0;
  for (const { row, panels: below } of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    for (const [index, panel] of below.entries()) {
      const place = { x: (index * width) % 24, y: y + Math.floor((index * width) / 24) * height, w: width, h: height };
      panels.push(drawn(panel, panels.length + 1, place));
    }
    y += Math.ceil((below.length * width) / 24) * height;
  }
  return {
    title: "static-egress",
    uid: "static-egress",
    tags: ["static-egress"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus" },
        variable("namespace", "label_values(static_egress_controller_leading, namespace)"),
        variable("pool", 'label_values(static_egress_addresses{namespace=~"$namespace"}, pool)'),
      ],
    },
    panels,
  };
}

function drawn({ title, unit, queries }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: unit === "dateTimeFromNow" ? undefined : 0 }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      expr,
      legendFormat,
    })),
  };
}

/** All are chosen at first, also such that appear later; `.*` takes in metrics that have no such label. */
function variable(name: string, query: string): object {
  const all = { selected: true, text: "All", value: "$__all" };
  return {
    name,
    type: "query",
    datasource,
    query,
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: all,
  };
}
