import * as api from "../api.ts";
import type { List, Query } from "../api.ts";
import { h } from "../dom.ts";
import { pager } from "../table.ts";
import { addressTable, leaseTable, nodeTable, poolTable, waitingTable } from "../tables.ts";
import { partOf, type View } from "../view.ts";

/** All rows of a kind, page by page. */
function all<Row>(
  title: string,
  load: (query: Query) => Promise<List<Row>>,
  draw: (list: List<Row>, nowMs: number) => HTMLElement,
): View {
  return async (route) => {
    const list = await load(partOf(route));
    return {
      title,
      nowMs: list.nowMs,
      draw: (nowMs) => [
        h("h1", {}, `${title} `, h("span", { class: "soft" }, list.total)),
        draw(list, nowMs),
        h("div", {}, pager(route, list)),
      ],
    };
  };
}

export const allAddresses = all("Addresses", api.addresses, addressTable);
export const allNodes = all("Nodes", api.nodes, nodeTable);
export const allLeases = all("Leases", api.leases, leaseTable);
export const allWaiting = all("Waiting pods", api.waiting, waitingTable);

/** Pools, and who waits. */
export const overview: View = async (route) => {
  const [pools, waiting] = await Promise.all([api.pools({ limit: 500 }), api.waiting(partOf(route))]);
  return {
    title: "Pools",
    nowMs: pools.nowMs,
    draw: (nowMs) => [
      h("h1", {}, "Pools"),
      poolTable(pools, nowMs),
      h("h2", {}, "Waiting pods ", h("span", { class: "soft" }, waiting.total)),
      waitingTable(waiting, nowMs),
      h("div", {}, pager(route, waiting)),
    ],
  };
};

/** What a text is found in: addresses, nodes, pods. */
export const search: View = async ({ names: [text = ""] }) => {
  const query = { search: text, limit: 20 };
  const [addresses, nodes, leases, waiting] = await Promise.all([
    api.addresses(query),
    api.nodes(query),
    api.leases(query),
    api.waiting(query),
  ]);
  const part =
    <Row>(title: string, list: List<Row>, draw: (list: List<Row>, nowMs: number) => HTMLElement) =>
    (nowMs: number) =>
      list.total === 0
        ? []
        : [
            h(
              "h2",
              {},
              `${title} `,
              h("span", { class: "soft" }, list.total > 20 ? `first 20 of ${list.total}` : list.total),
            ),
            draw(list, nowMs),
          ];
  const parts = [
    part("Waiting pods", waiting, waitingTable),
    part("Leases", leases, leaseTable),
    part("Nodes", nodes, nodeTable),
    part("Addresses", addresses, addressTable),
  ];
  return {
    title: `Search: ${text}`,
    nowMs: nodes.nowMs,
    draw(nowMs) {
      const found = parts.flatMap((draw) => draw(nowMs));
      return [
        h("h1", {}, `Search: ${text}`),
        ...(found.length > 0 ? found : [h("p", { class: "empty" }, "Nothing found.")]),
      ];
    },
  };
};
