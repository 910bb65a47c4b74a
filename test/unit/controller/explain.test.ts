import { describe, expect, it } from "vitest";
import type { LedgerFigures } from "../../../shared/ledger/records.ts";
import { explainWaiters } from "../../../webhook/controller/explain.ts";
import { anAttachment, aWaiter } from "../../support/cluster/snapshots.ts";

const figures = (more: Partial<LedgerFigures>): LedgerFigures => ({
  nowMs: 100_000,
  epoch: "1",
  pools: [],
  waiters: [],
  ...more,
});
const aPoolWith = (used: number, holders: LedgerFigures["pools"][number]["holders"]) => ({
  name: "partners",
  addresses: { free: 0, used, taken: 0, out: 0 },
  holders,
});

describe("explainWaiters", () => {
  describe("when a pod waits for an address", () => {
    const holder = { ...anAttachment("a", "203.0.113.1"), leases: 1 };
    const waiters = [aWaiter("w1", "b"), aWaiter("w2", "c", { position: 2 })];
    const said = (used: number) => explainWaiters(figures({ pools: [aPoolWith(used, [holder])], waiters }))[1]?.event;

    it("says its place in the queue, who holds the addresses, and where a pod need not wait", () => {
      expect(said(1)?.message).toBe(
        "No address of pool partners is free; this pod, on node c, is number 2 in the queue. 2 wait. " +
          "Held: 203.0.113.1 on node a (1 pod). Reserve another address for the pool, or end pods that hold one. " +
          "Node a has an address of this pool: a pod there does not wait.",
      );
    });

    it("says how many more hold one", () => {
      expect(said(5)?.message).toContain("Held: 203.0.113.1 on node a (1 pod), 4 more.");
    });
  });

  it("says that a pool is empty", () => {
    const [action] = explainWaiters(figures({ pools: [aPoolWith(0, [])], waiters: [aWaiter("w", "b")] }));
    expect(action?.event?.message).toContain("The pool has no address at all: check its select.");
  });

  it("tells other reasons only once they last", () => {
    const reasons = (sinceMs: number) =>
      explainWaiters(
        figures({ waiters: [aWaiter("w", "b", { reason: "node-unknown", detail: "not listed", sinceMs })] }),
      ).map(({ event }) => event?.reason);
    expect(reasons(96_000)).toEqual([]);
    expect(reasons(95_000)).toEqual(["EgressUnavailable"]);
  });
});
