import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, inventory, jobOf, node, pool, putIntoUse } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
  });

  describe("reads", () => {
    it("look at one machine: its node, attachment, leases, waiters and problem", async () => {
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
      await ledger.acquire(claim("b1", "n1", { pool: "billing" }), how);
      expect(await ledger.look("i-n1")).toMatchObject({
        epoch: (await ledger.due()).epoch,
        nodes: [node("n1")],
        attachments: [{ machine: { id: "i-n1" }, state: "attached" }],
        leases: [{ podUid: "p1" }],
        waiters: [{ podUid: "b1", reason: "pool-unknown" }],
        problems: [],
      });
      expect(await ledger.look("i-n3")).toMatchObject({
        nodes: [node("n3")],
        attachments: [],
        leases: [],
        waiters: [],
      });
      expect(await ledger.look("i-nobody")).toMatchObject({ nodes: [], attachments: [], leases: [], waiters: [] });
    });

    it("look at one pod: its lease and address, its place in the queue, or nothing", async () => {
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
      await ledger.acquire(claim("p3", "n3"), how);
      expect(await ledger.lease("p1")).toMatchObject({ lease: { podUid: "p1", state: "held" }, ip: "203.0.113.1" });
      const { waiter, ...rest } = await ledger.lease("p3");
      expect(waiter).toMatchObject({ podUid: "p3", reason: "exhausted", position: 1 });
      expect(rest).toEqual({ ip: null });
      expect(await ledger.lease("nobody")).toEqual({ ip: null });
      await ledger.drain("p1", { leaseMs: 1000, graceMs: 1000 });
      expect(await ledger.lease("p1")).toMatchObject({ lease: { state: "draining" } });
      await ledger.release("p1", { mayWork: [] });
      expect(await ledger.lease("p1")).toEqual({ ip: null });
    });

    it("says of a pod whose address is being attached that it has a lease, and no address yet", async () => {
      await ledger.acquire(claim("p1", "n1"), how);
      expect(await ledger.lease("p1")).toMatchObject({ lease: { podUid: "p1" }, ip: null });
    });

    it("look at a machine whose node is gone, until nothing is left of it", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.removeNode("n1");
      expect(await ledger.look("i-n1")).toMatchObject({ nodes: [], attachments: [{ node: "n1" }], leases: [] });
    });

    it("count each pool's addresses by state, its first holders, and who waits", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.acquire(claim("p2", "n1"), how);
      await ledger.putInventory(
        "partners",
        [...inventory(2), { id: "a3", ip: "203.0.113.3", attachedTo: "i-else" }],
        0,
      );
      await ledger.acquire(claim("b1", "n2", { pool: "billing" }), how);
      expect(await ledger.figures()).toMatchObject({
        pools: [
          {
            name: "partners",
            addresses: { free: 1, used: 1, taken: 1, out: 0 },
            holders: [{ address: { id: "a1" }, node: "n1", state: "attached", leases: 2 }],
          },
        ],
        waiters: [{ podUid: "b1", pool: "billing" }],
      });
    });

    it("tell which machines changed since the last time, each once, also those whose hint nobody heard", async () => {
      const { nowMs } = await ledger.due(0);
      await timed.pass(1);
      await attach(ledger, "p1", "n1");
      await ledger.acquire(claim("p2", "n1"), how);
      await ledger.putNode(node("n9"));
      const { changed, nowMs: thenMs } = await ledger.due(nowMs);
      expect(changed.toSorted()).toEqual(["i-n1", "i-n9"]);
      await timed.pass(1);
      await ledger.removeNode("n3");
      expect((await ledger.due(thenMs + 1)).changed).toEqual(["i-n3"]);
      await timed.pass(1);
      expect((await ledger.due(await ledger.now())).changed).toEqual([]);
      expect((await ledger.due()).changed).toEqual([]);
    });
  });

  describe("wake-ups", () => {
    it("tell a waiting pod when its address is there, and the controller what changed", async () => {
      const changes: string[] = [];
      const woken = new Promise<void>((resolve) => {
        void ledger.onWake("p2", resolve);
      });
      const off = await ledger.onChange((machine) => changes.push(machine));
      await ledger.onWake("p2", () => undefined);
      const job = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await ledger.acquire(claim("p2", "n1"), how);
      await ledger.settle("i-n1", job.fence, { outcome: "attached", hadEphemeral: true });
      await woken;
      expect(changes).toContain("i-n1");
      await off();
    });

    it("tell the controller which machine has cloud work that nobody is doing", async () => {
      const due: string[] = [];
      await ledger.onChange((machine, isDue) => (isDue ? due.push(machine) : undefined));
      await ledger.acquire(claim("p1", "n1"), { ...how, mayWork: [] });
      await expect.poll(() => due).toEqual(["i-n1"]);
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "attached", hadEphemeral: true });
      await ledger.acquire(claim("p2", "n1"), { ...how, mayWork: [] });
      await ledger.acquire(claim("p3", "n2"), { ...how, mayWork: [] });
      await expect.poll(() => due).toEqual(["i-n1", "i-n2"]);
    });

    it("tell the oldest waiter when an address is freed", async () => {
      await ledger.putPools([pool({ lingerSeconds: 0 })]);
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
      await ledger.acquire(claim("p3", "n3"), how);
      let turn: () => void = () => undefined;
      const woken = new Promise<void>((resolve) => {
        turn = resolve;
      });
      await ledger.onWake("p3", () => turn());
      const release = await ledger.release("p1", how);
      if (release.status !== "released" || release.job === undefined) throw new Error("no detach job");
      await ledger.settle("i-n1", release.job.fence, { outcome: "detached" });
      await expect(woken).resolves.toBeUndefined();
    });
  });
});
