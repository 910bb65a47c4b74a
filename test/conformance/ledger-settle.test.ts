import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, inventory, jobOf, node, pool, putIntoUse, states } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
  });

  describe("an actor that dies or comes late", () => {
    it("is replaced after its time, with a higher fence, and then refused", async () => {
      const first = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await timed.pass(15_001);
      const second = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      expect(second.address).toEqual(first.address);
      expect(Number(second.fence.split(".")[1])).toBeGreaterThan(Number(first.fence.split(".")[1]));
      expect(await ledger.settle("i-n1", first.fence, { outcome: "attached", hadEphemeral: true })).toBe(false);
      expect(await ledger.extend("i-n1", first.fence)).toBe(false);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "attaching" });
      expect(await ledger.settle("i-n1", second.fence, { outcome: "attached", hadEphemeral: true })).toBe(true);
    });

    it("keeps the work for as long as it extends", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await timed.pass(10_000);
      expect(await ledger.extend("i-n1", fence)).toBe(true);
      await timed.pass(10_000);
      expect(await ledger.begin("i-n1")).toBeNull();
    });

    it("has its work undone when no pod wants the address any more, and it cannot come true", async () => {
      jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await ledger.release("p1", { mayWork: [] });
      await timed.pass(24_999);
      expect((await ledger.due()).machines).toEqual([]);
      expect(await ledger.begin("i-n1")).toBeNull();
      await timed.pass(1);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach", address: { id: "a1" } });
    });
  });

  describe("settle", () => {
    it("does not give up an attach that has left the node without a way out, unless the node or the address is gone", async () => {
      const begun = async () => jobOf(await ledger.acquire(claim("p1", "n1"), how)).fence;
      const lost = {
        outcome: "retry",
        code: "NODE_WITHOUT_ADDRESS",
        message: "half way",
        retryAfterMs: 1_000,
      } as const;
      const denied = { outcome: "failed", code: "CLOUD_DENIED", message: "denied", addressAtFault: false } as const;
      await ledger.settle("i-n1", await begun(), lost);
      for (let attempt = 0; attempt < 4; attempt++) {
        await timed.pass(16_000);
        await ledger.settle("i-n1", await begun(), denied);
        expect((await ledger.snapshot()).attachments).toMatchObject([{ state: "attaching", stranded: true }]);
      }
      await timed.pass(16_000);
      await ledger.settle("i-n1", await begun(), { ...denied, code: "NODE_UNKNOWN" });
      expect((await ledger.snapshot()).attachments).toEqual([]);
    });

    it("does not give up an attach whose first actor was never heard of again, as its node may be left without a way out", async () => {
      const begun = async () => jobOf(await ledger.acquire(claim("p1", "n1"), how)).fence;
      const failed = { outcome: "failed", code: "CLOUD_DENIED", message: "not read", addressAtFault: false } as const;
      await begun();
      for (let attempt = 0; attempt < 3; attempt++) {
        await timed.pass(30_000);
        await ledger.settle("i-n1", await begun(), failed);
        expect((await ledger.snapshot()).attachments).toMatchObject([{ state: "attaching", stranded: true }]);
      }
      await timed.pass(30_000);
      await ledger.settle("i-n1", await begun(), { ...failed, code: "NODE_FOREIGN_ADDRESS" });
      expect((await ledger.snapshot()).attachments).toEqual([]);
    });

    it("frees the address of a failed attach, queues the pods and holds the node back for a while", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      const failed = { outcome: "failed", code: "NODE_PRIVATE", message: "private", addressAtFault: false } as const;
      await ledger.settle("i-n1", fence, failed);
      expect(await states(ledger)).toEqual(["a1 free", "a2 free"]);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({
        reason: "node-problem",
        detail: "NODE_PRIVATE: private",
      });
      await timed.pass(300_000);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "work" });
    });

    it("does not try a taken address again before the next inventory", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await ledger.settle("i-n1", fence, {
        outcome: "failed",
        code: "ADDRESS_TAKEN",
        message: "x",
        addressAtFault: true,
      });
      expect(await states(ledger)).toEqual(["a1 taken", "a2 free"]);
      expect(jobOf(await ledger.acquire(claim("p1", "n1"), how)).address.id).toBe("a2");
      await timed.pass(60_000);
      await ledger.putInventory("partners", inventory(2), await ledger.now());
      expect(await states(ledger)).toEqual(["a1 free", "a2 used"]);
    });

    it("never takes a failed detach for done", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      const failed = { outcome: "failed", code: "CLOUD_DENIED", message: "x", addressAtFault: false } as const;
      await ledger.settle("i-n1", job?.fence ?? "", failed);
      expect(await states(ledger)).toEqual(["a1 used", "a2 free"]);
      await timed.pass(15_000);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
    });

    it("keeps an address on its node where the pool says so, until the node is gone", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "kept" });
      expect((await ledger.due()).machines).toEqual([]);
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
      await ledger.release("p2", how);
      await ledger.removeNode("n1");
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach", pool: { onRelease: "release" } });
    });

    describe("of an address that is kept", () => {
      const moved = node("n1", { uid: "new", machine: { id: "i-new", providerId: "aws:///eu-west-1a/i-new" } });
      const due = async () => (await ledger.due()).machines;

      beforeEach(async () => {
        await attach(ledger, "p1", "n1");
        await ledger.release("p1", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        await ledger.settle("i-n1", job?.fence ?? "", { outcome: "kept" });
      });

      it("makes it due when its node is removed, and no more when the node is back", async () => {
        await ledger.removeNode("n1");
        expect(await due()).toEqual(["i-n1"]);
        await ledger.putNode(node("n1"));
        expect(await due()).toEqual([]);
      });

      it("makes it due when another machine stands behind the node's name", async () => {
        await ledger.putNode(moved);
        expect(await due()).toEqual(["i-n1"]);
      });

      it("follows what the pool says of nodes that are gone", async () => {
        await ledger.removeNode("n1");
        await ledger.putPools([pool({ onRelease: "keep" })]);
        expect(await due()).toEqual([]);
        expect(await ledger.begin("i-n1")).toBeNull();
        await ledger.putPools([pool()]);
        expect(await due()).toEqual(["i-n1"]);
      });
    });

    it("forgets a kept address that has left the pool, once its node is gone", async () => {
      await ledger.putPools([pool({ lingerSeconds: 0, onRelease: "keep" })]);
      const { fence } = await attach(ledger, "p1", "n1");
      expect(fence).toBeDefined();
      await ledger.release("p1", { mayWork: [] });
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "kept" });
      const without = inventory(2, { a1: "i-n1" }).slice(1);
      await ledger.putInventory("partners", without, await ledger.now());
      expect((await ledger.snapshot()).attachments).toHaveLength(1);
      await ledger.removeNode("n1");
      await ledger.putInventory("partners", without, await ledger.now());
      const { attachments, addresses } = await ledger.snapshot();
      expect(attachments).toEqual([]);
      expect(addresses.map(({ id }) => id)).toEqual(["a2"]);
    });

    it("undoes an attach that was not answered only when it cannot come true any more", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      const retry = { outcome: "retry", code: "CLOUD_UNKNOWN", message: "x", retryAfterMs: 1000 } as const;
      await ledger.release("p1", how);
      await timed.pass(5_000);
      await ledger.settle("i-n1", fence, retry);
      await timed.pass(9_999);
      expect((await ledger.due()).machines).toEqual([]);
      expect(await ledger.begin("i-n1")).toBeNull();
      await timed.pass(1);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });

    it("waits for that, too, when the last pod goes after it was put off", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      const retry = { outcome: "retry", code: "CLOUD_UNKNOWN", message: "x", retryAfterMs: 1000 } as const;
      await ledger.settle("i-n1", fence, retry);
      await ledger.release("p1", how);
      await timed.pass(9_999);
      expect(await ledger.begin("i-n1")).toBeNull();
      await timed.pass(1);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });

    it("goes on with an attach that was not answered at once when a pod wants it again", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      const retry = { outcome: "retry", code: "CLOUD_UNKNOWN", message: "x", retryAfterMs: 1000 } as const;
      await ledger.settle("i-n1", fence, retry);
      await ledger.release("p1", how);
      await timed.pass(1_000);
      expect(jobOf(await ledger.acquire(claim("p2", "n1"), how))).toMatchObject({ kind: "attach" });
    });

    it("is due again after a retry", async () => {
      const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      await ledger.settle("i-n1", fence, {
        outcome: "retry",
        code: "CLOUD_UNKNOWN",
        message: "x",
        retryAfterMs: 2000,
      });
      expect((await ledger.due()).machines).toEqual([]);
      await timed.pass(2000);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
    });
  });
});
