import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, inventory, jobOf, pool, putIntoUse, states } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
  });

  describe("inventory and pools", () => {
    it("adopts a pool address found on a known node without a record", async () => {
      const repairs = await ledger.putInventory("partners", inventory(2, { a1: "i-n2" }), await ledger.now());
      expect(repairs).toEqual({ adopted: 1, lost: 0, out: [] });
      expect((await ledger.snapshot()).attachments).toMatchObject([
        { machine: { id: "i-n2" }, state: "attached", pool: "partners" },
      ]);
      expect(await ledger.acquire(claim("p1", "n2"), how)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
    });

    it("leaves an address that is attached to something else alone", async () => {
      await ledger.putInventory("partners", inventory(2, { a1: "i-stranger" }), await ledger.now());
      expect(await states(ledger)).toEqual(["a1 taken", "a2 free"]);
    });

    it("takes in a pool of any size, in order, and forgets what is listed no more", async () => {
      const rows = inventory(1100);
      await ledger.putInventory("partners", rows, await ledger.now());
      expect(await states(ledger)).toHaveLength(1100);
      expect(jobOf(await ledger.acquire(claim("p1", "n1"), how)).address.id).toBe("a1");
      const left = rows.filter((_, index) => index > 0 && index % 100 !== 7);
      await ledger.putInventory("partners", left, await ledger.now());
      const now = await states(ledger);
      expect(now.filter((row) => row.endsWith("free"))).toEqual(left.map(({ id }) => `${id} free`).toSorted());
      expect(now).toHaveLength(left.length + 1);
      expect(now).toContain("a1 out");
    });

    it("attaches again what has been taken off under a lease", async () => {
      await attach(ledger, "p1", "n1");
      await timed.pass(20_000);
      expect(await ledger.putInventory("partners", inventory(2), await ledger.now())).toEqual({
        adopted: 0,
        lost: 1,
        out: [],
      });
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "attach", address: { id: "a1" } });
      expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed", ip: null });
    });

    it("takes back a kept address that went with its machine", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "kept" });
      await timed.pass(20_000);
      await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), await ledger.now());
      expect((await ledger.snapshot()).attachments).toMatchObject([{ state: "kept" }]);
      await ledger.putInventory("partners", inventory(2), await ledger.now());
      expect(await states(ledger)).toEqual(["a1 free", "a2 free"]);
      expect((await ledger.snapshot()).attachments).toEqual([]);
    });

    it("does not believe a read that is older than what it knows", async () => {
      const readAt = await ledger.now();
      await attach(ledger, "p1", "n1");
      await ledger.putInventory("partners", inventory(2), readAt);
      expect(await states(ledger)).toEqual(["a1 used", "a2 free"]);
      expect(await ledger.begin("i-n1")).toBeNull();
      await ledger.release("p1", how);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
      await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), await ledger.now());
      expect((await ledger.snapshot()).attachments).toEqual([]);
    });

    it("serves an address taken out of the pool until its last lease ends, and then not again", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.putInventory("partners", inventory(2).slice(1), await ledger.now());
      expect(await states(ledger)).toEqual(["a1 out", "a2 free"]);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached" });
      await ledger.release("p1", how);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
      expect(await states(ledger)).toEqual(["a2 free"]);
    });

    it("serves a removed pool until its last lease ends, and takes no new ones", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.putPools([]);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached" });
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ reason: "pool-unknown" });
      await ledger.release("p1", { mayWork: [] });
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });

    it("refuses another region for a pool in use", async () => {
      await attach(ledger, "p1", "n1");
      expect(await ledger.putPools([pool({ region: "eu-west-2" })])).toEqual(["partners"]);
      expect((await ledger.snapshot()).pools).toMatchObject([{ region: "eu-west-1" }]);
    });
  });

  describe("a node that is gone", () => {
    it("ends its leases and has its address taken back without linger", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.removeNode("n1");
      expect((await ledger.snapshot()).leases).toEqual([]);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });
  });
});
