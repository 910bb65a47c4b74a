import { describe, expect, it } from "vitest";
import { addressRows } from "../../shared/inspection/address-rows.ts";
import { duration } from "../../shared/inspection/duration.ts";
import { leaseRows } from "../../shared/inspection/lease-rows.ts";
import { nodeRows } from "../../shared/inspection/node-rows.ts";
import { poolRows } from "../../shared/inspection/pool-rows.ts";
import { print } from "../../cli/inspection/print.ts";
import { leases } from "../../cli/inspection/views.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";
import { aLease, anAttachment, aSnapshot, aWaiter } from "../support/cluster/snapshots.ts";

const entry = (name: string): NodeEntry => ({
  name,
  uid: `uid-${name}`,
  cloud: "memory",
  region: "local",
  machine: { id: name, providerId: `memory:///${name}` },
  ready: true,
});
const address = (ip: string, state: "free" | "used" | "taken" | "out", pool = "partners") => ({
  pool,
  id: ip,
  ip,
  state,
});

describe("print", () => {
  it("lets no text of a pod begin a line, or act on the terminal", () => {
    const waiter = aWaiter("w", "a", { detail: "late\r\napps/x  held\u001b[2J\u009b1m\u202edetrever" });
    const text = print("leases", leases, aSnapshot({ waiters: [waiter] }), { format: "wide", filter: {} });
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain("late apps/x  held [2J 1m detrever");
  });
});

describe("duration", () => {
  it.each([
    [-5, "0s"],
    [999, "0s"],
    [7_000, "7s"],
    [192_000, "3m12s"],
    [7_500_000, "2h5m"],
    [7_203_000, "2h"],
    [400_000_000, "4d15h"],
  ])("%d ms: %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe("nodeRows", () => {
  const [attached, held] = [anAttachment("n1", "203.0.113.1"), aLease("p1", "n1")];

  it("shows the state of what each node carries", () => {
    const nodes = [entry("n1"), entry("n2")];
    const rows = nodeRows(aSnapshot({ nodes, attachments: [attached], leases: [held] }));
    expect(rows.map(({ node, state, leases }) => [node, state, leases])).toEqual([
      ["n1", "attached", 1],
      ["n2", "free", 0],
    ]);
  });

  it("shows a machine that is gone and still carries an address, and counts node names as people do", () => {
    const snapshot = aSnapshot({
      nodes: [entry("n10"), entry("n2")],
      attachments: [anAttachment("n3", "203.0.113.1")],
    });
    expect(nodeRows(snapshot).map(({ node, address }) => [node, address])).toEqual([
      ["n2", null],
      ["n3 (gone)", "203.0.113.1"],
      ["n10", null],
    ]);
  });

  it("tells a problem for as long as it keeps others from trying", () => {
    const problem = { machine: "n1", code: "NODE_PRIVATE", message: "no route", untilMs: 100_001, count: 1 };
    const now = aSnapshot({ nodes: [entry("n1")], problems: [problem] });
    expect(nodeRows(now)[0]?.problem).toBe("NODE_PRIVATE: no route");
    expect(nodeRows({ ...now, nowMs: 100_001 })[0]?.problem).toBeNull();
  });
});

describe("poolRows", () => {
  it("counts by state, and shows a pool that is no longer in the file while it is in use", () => {
    const snapshot = aSnapshot({
      addresses: [
        address("203.0.113.1", "used"),
        address("203.0.113.2", "used"),
        address("203.0.113.3", "taken"),
        address("203.0.113.5", "taken"),
        address("203.0.113.4", "free"),
        address("203.0.113.9", "used", "old"),
      ],
      attachments: [
        anAttachment("n1", "203.0.113.1"),
        anAttachment("n2", "203.0.113.2", { state: "attaching" }),
        anAttachment("n3", "203.0.113.9", { pool: "old" }),
      ],
      leases: [aLease("p1", "n1")],
      waiters: [aWaiter("p2", "n2")],
    });
    const [old, partners] = poolRows(snapshot);
    expect(old).toMatchObject({ pool: "old", cloud: "-", total: 1, lingering: 1, retired: true });
    const counts = {
      total: 5,
      free: 1,
      attached: 1,
      attaching: 1,
      draining: 0,
      lingering: 0,
      taken: 2,
      leases: 1,
      waiting: 1,
    };
    expect(partners).toMatchObject({ pool: "partners", cloud: "memory", ...counts, exhausted: false, retired: false });
  });

  it("says that a pool is exhausted", () => {
    const snapshot = aSnapshot({ addresses: [address("203.0.113.1", "used")], waiters: [aWaiter("p2", "n2")] });
    expect(poolRows(snapshot)[0]?.exhausted).toBe(true);
  });
});

describe("addressRows", () => {
  it("shows the attachment's state, and orders addresses by number", () => {
    const addresses = [
      address("203.0.113.10", "taken"),
      address("203.0.113.9", "used"),
      address("203.0.113.2", "free"),
    ];
    const attachments = [anAttachment("n1", "203.0.113.9", { state: "detaching" })];
    expect(addressRows(aSnapshot({ addresses, attachments })).map(({ ip, state, node }) => [ip, state, node])).toEqual([
      ["203.0.113.2", "free", null],
      ["203.0.113.9", "lingering", "n1"],
      ["203.0.113.10", "taken", null],
    ]);
  });
});

describe("leaseRows", () => {
  const snapshot = aSnapshot({
    attachments: [anAttachment("n1", "203.0.113.1"), anAttachment("n2", "203.0.113.2", { state: "attaching" })],
    leases: [aLease("p2", "n2", { sinceMs: 45_000 }), aLease("p1", "n1", { expiresAtMs: 97_000 })],
    waiters: [
      aWaiter("w0", "n3", { position: 0, reason: "node-unknown", sinceMs: 1 }),
      aWaiter("w2", "n3", { position: 2 }),
      aWaiter("w1", "n3", { pod: "bank/w1" }),
    ],
  });

  it("holders first, then the queue in its order, then who waits for something else", () => {
    expect(leaseRows(snapshot).map(({ podUid, address, position }) => [podUid, address, position])).toEqual([
      ["p1", "203.0.113.1", null],
      ["p2", null, null],
      ["w1", null, 1],
      ["w2", null, 2],
      ["w0", null, null],
    ]);
  });

  it("all filters have to fit", () => {
    expect(leaseRows(snapshot, { node: "n3", namespace: "bank", pool: "partners" })).toHaveLength(1);
    expect(leaseRows(snapshot, { node: "n1", namespace: "bank" })).toEqual([]);
  });

  it("prints ages, what is late, and places in the queue", () => {
    const lines = print("leases", leases, snapshot, { format: "table", filter: {} }).split("\n");
    expect(lines[1]).toMatch(/^shop\/p1 +partners +n1 +203.0.113.1 +held +1m +late by 3s +-$/);
    expect(lines[3]).toMatch(/^bank\/w1 +partners +n3 +- +waiting #1 +10s +- +exhausted$/);
  });
});
