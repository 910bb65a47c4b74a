import * as api from "../api.ts";
import { h } from "../dom.ts";
import { age, facts, nodeLink, poolLink, state } from "../parts.ts";
import { strip, timeLineTable } from "../time-line.ts";
import { leaseTable } from "../tables.ts";
import { partOf, type View } from "../view.ts";

/** One address: where it is and was, and for whom. */
export const oneAddress: View = async (route) => {
  const [ip = ""] = route.names;
  const found = await api.addresses({ search: ip, limit: 500 });
  const row = found.rows.find((each) => each.ip === ip);
  const history = await api.addressHistory(ip);
  const leases = row?.node ? await api.leases({ node: row.node, ...partOf(route) }) : { rows: [] };
  return {
    title: `Address ${ip}`,
    nowMs: found.nowMs,
    draw: (nowMs) => [
      h("h1", {}, `Address ${ip}`),
      row === undefined
        ? h("p", { class: "empty" }, "No pool has this address.")
        : facts([
            ["State", state(row.state)],
            ["For", age(row.sinceMs, nowMs)],
            ["Pool", poolLink(row.pool)],
            ["Node", nodeLink(row.node)],
            ["Id", row.id],
          ]),
      h("h2", {}, "Leases"),
      leaseTable(leases, nowMs),
      h("h2", {}, "Time line"),
      strip(history, nowMs),
      timeLineTable(history, nowMs),
    ],
  };
};
