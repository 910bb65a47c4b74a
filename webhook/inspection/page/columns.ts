import type { AddressRow, NodeRow, PodRow, PoolRow } from "./api.ts";
import { addressLink, age, bar, nodeLink, podLink, podState, poolLink, state } from "./parts.ts";
import type { Column } from "./table.ts";

export const poolColumns: readonly Column<PoolRow>[] = [
  {
    heading: "Pool",
    cell: ({ pool, exhausted, retired }) => [
      poolLink(pool),
      exhausted && " ",
      exhausted && state("exhausted"),
      retired && " (retired)",
    ],
  },
  { heading: "Cloud", cell: ({ cloud, region }) => `${cloud} ${region}` },
  { heading: "Addresses", cell: (row) => bar(row) },
  { heading: "Total", cell: ({ total }) => total, number: true },
  { heading: "Free", cell: ({ free }) => free, number: true },
  { heading: "Attached", cell: ({ attached }) => attached, number: true },
  { heading: "Leases", cell: ({ leases }) => leases, number: true },
  { heading: "Waiting", cell: ({ waiting }) => waiting, number: true },
];

export const addressColumns: readonly Column<AddressRow>[] = [
  { heading: "Address", cell: ({ ip, out }) => [addressLink(ip), out && " (out of the pool)"] },
  { heading: "Pool", cell: ({ pool }) => poolLink(pool) },
  { heading: "State", cell: (row) => state(row.state) },
  { heading: "Node", cell: ({ node }) => nodeLink(node) },
  { heading: "Leases", cell: ({ leases }) => leases, number: true },
  { heading: "For", cell: ({ sinceMs }, nowMs) => age(sinceMs, nowMs) },
];

export const nodeColumns: readonly Column<NodeRow>[] = [
  { heading: "Node", cell: ({ node }) => nodeLink(node) },
  { heading: "Pool", cell: ({ pool }) => poolLink(pool) },
  { heading: "Address", cell: ({ address }) => addressLink(address) },
  { heading: "State", cell: (row) => state(row.state) },
  { heading: "Leases", cell: ({ leases }) => leases, number: true },
  { heading: "For", cell: ({ sinceMs }, nowMs) => age(sinceMs, nowMs) },
  { heading: "Problem", cell: ({ problem }) => problem ?? "–" },
];

export const leaseColumns: readonly Column<PodRow>[] = [
  { heading: "Pod", cell: ({ pod }) => podLink(pod) },
  { heading: "Pool", cell: ({ pool }) => poolLink(pool) },
  { heading: "Node", cell: ({ node }) => nodeLink(node) },
  { heading: "Address", cell: ({ address }) => addressLink(address) },
  { heading: "State", cell: podState },
  { heading: "For", cell: ({ sinceMs }, nowMs) => age(sinceMs, nowMs) },
];

export const waitingColumns: readonly Column<PodRow>[] = [
  { heading: "Pod", cell: ({ pod }) => podLink(pod) },
  { heading: "Pool", cell: ({ pool }) => poolLink(pool) },
  { heading: "Node", cell: ({ node }) => nodeLink(node) },
  { heading: "Place", cell: ({ position }) => (position === null ? "–" : `#${position}`) },
  { heading: "For", cell: ({ sinceMs }, nowMs) => age(sinceMs, nowMs) },
  { heading: "Why", cell: ({ reason, detail }) => `${reason ?? ""}: ${detail ?? ""}` },
  { heading: "What to do", cell: ({ todo }) => todo ?? "–" },
];
