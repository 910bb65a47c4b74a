import * as api from "../api.ts";
import type { PodStory } from "../api.ts";
import { h } from "../dom.ts";
import { duration } from "../../../../shared/inspection/duration.ts";
import { addressLink, age, bar, facts, nodeLink, podState, poolLink, state } from "../parts.ts";
import { pager, table } from "../table.ts";
import { moment, noHistory } from "../time-line.ts";
import { addressTable, leaseTable, waitingTable } from "../tables.ts";
import { partOf, type View } from "../view.ts";

const nothing = (what: string): HTMLElement => h("p", { class: "empty" }, `There is no ${what}.`);

/** One pool: its figures, who waits for it, its addresses. */
export const onePool: View = async (route) => {
  const [pool = ""] = route.names;
  const [pools, addresses, waiting] = await Promise.all([
    api.pools({ pool }),
    api.addresses({ pool, ...partOf(route) }),
    api.waiting({ pool, limit: 20 }),
  ]);
  const [row] = pools.rows;
  return {
    title: `Pool ${pool}`,
    nowMs: pools.nowMs,
    draw: (nowMs) => [
      h("h1", {}, `Pool ${pool} `, row?.exhausted ? state("exhausted") : null),
      row === undefined
        ? nothing("such pool")
        : h(
            "div",
            {},
            bar(row),
            facts([
              ["Cloud", `${row.cloud} ${row.region}`],
              ["Addresses", row.total],
              ["Leases", row.leases],
            ]),
          ),
      h("h2", {}, "Waiting pods ", h("span", { class: "soft" }, waiting.total)),
      waitingTable(waiting, nowMs),
      h("h2", {}, "Addresses"),
      addressTable(addresses, nowMs),
      h("div", {}, pager(route, addresses)),
    ],
  };
};

/** One node: what it carries, and the pods there. */
export const oneNode: View = async (route) => {
  const [node = ""] = route.names;
  const [nodes, leases, waiting] = await Promise.all([
    api.nodes({ node }),
    api.leases({ node, ...partOf(route) }),
    api.waiting({ node, limit: 20 }),
  ]);
  const [row] = nodes.rows;
  return {
    title: `Node ${node}`,
    nowMs: nodes.nowMs,
    draw: (nowMs) => [
      h("h1", {}, `Node ${node}`),
      row === undefined
        ? nothing("such node in the node directory")
        : facts([
            ["Address", addressLink(row.address)],
            ["State", state(row.state)],
            ["For", age(row.sinceMs, nowMs)],
            ["Pool", poolLink(row.pool)],
            ["Machine", row.machine],
            ["Problem", row.problem ?? "none"],
          ]),
      h("h2", {}, "Leases ", h("span", { class: "soft" }, leases.total)),
      leaseTable(leases, nowMs),
      h("div", {}, pager(route, leases)),
      h("h2", {}, "Waiting pods ", h("span", { class: "soft" }, waiting.total)),
      waitingTable(waiting, nowMs),
    ],
  };
};

/** One pod's name: each lease or wait of it, why, and what to do. */
export const onePod: View = async ({ names: [namespace = "", name = ""] }) => {
  const told = await api.story(namespace, name);
  return {
    title: `Pod ${told.pod}`,
    nowMs: told.nowMs,
    draw: (nowMs) => [
      h("h1", {}, `Pod ${told.pod}`),
      ...told.rows.map((row) => podFacts(row, nowMs)),
      h("p", {}, told.rows.length === 0 && "It holds no lease and waits for none now."),
      h("h2", {}, "What befell it"),
      stepsTable(told.steps, nowMs),
    ],
  };
};

function stepsTable(steps: PodStory["steps"], nowMs: number): HTMLElement {
  return table<NonNullable<PodStory["steps"]>[number]>({
    label: "What befell it",
    columns: [
      { heading: "At", cell: ({ atMs }) => moment(atMs) },
      { heading: "What", cell: ({ kind, code }) => (code === null ? kind : `${kind}: ${code}`) },
      { heading: "Address", cell: ({ ip }) => addressLink(ip) },
      { heading: "Node", cell: ({ node }) => nodeLink(node) },
    ],
    rows: (steps ?? []).toReversed(),
    key: ({ atMs, kind, ip }) => `${atMs} ${kind} ${ip}`,
    nowMs,
    empty: noHistory(steps),
  });
}

function podFacts(row: PodStory["rows"][number], nowMs: number): HTMLElement {
  const pool = row.poolRow;
  const left = row.expiresAtMs === null ? "–" : row.expiresAtMs - nowMs;
  return h(
    "section",
    { "data-key": row.podUid },
    row.reason !== null &&
      h("div", { class: "note" }, h("p", {}, `${row.reason}: ${row.detail ?? ""}`), h("p", {}, row.todo ?? "")),
    facts([
      ["State", h("span", {}, ...podState(row))],
      ["For", age(row.sinceMs, nowMs)],
      ["Address", addressLink(row.address)],
      [
        "Lease ends",
        typeof left === "string"
          ? left
          : left >= 0
            ? `in ${duration(left)}, unless renewed`
            : `late by ${duration(-left)}`,
      ],
      ["Pool", poolLink(row.pool)],
      ["Pool has", pool === null ? "–" : `${pool.free} of ${pool.total} free, ${pool.waiting} waiting`],
      ["Node", nodeLink(row.node)],
      [
        "Node carries",
        row.nodeRow === null ? "–" : h("span", {}, addressLink(row.nodeRow.address), " ", state(row.nodeRow.state)),
      ],
      ["UID", row.podUid],
    ]),
  );
}
