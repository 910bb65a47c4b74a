import { beforeEach, describe, expect, it } from "vitest";
import type { Job, Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, inventory, jobOf, node, pool } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

const running = { ...how, mayWork: [], running: true };
const doubtful = { status: "waiting", reason: "ledger-doubtful" };

eachLedger("Ledger in doubt", (open) => {
  describe("when it holds things back", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    const lingerSeconds = 0;
    async function fill(): Promise<void> {
      await ledger.putPools([pool({ lingerSeconds })]);
      for (const name of ["n1", "n2", "n3"]) await ledger.putNode(node(name));
    }
    const read = async (attached: Record<string, string> = {}) =>
      ledger.putInventory("partners", inventory(2, attached), await ledger.now());
    const pass = (ms: number) => timed.pass(ms);
    async function empty(): Promise<void> {
      await timed.failOver();
      await timed.beat();
      await fill();
    }
    const restored = async () => timed.beat((await ledger.snapshot()).epoch);

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await fill();
      await read();
      await pass(60_000);
    });

    describe("between a failover and the next beat", () => {
      it("grants nothing, and changes nothing", async () => {
        await attach(ledger, "p1", "n1");
        const before = await ledger.snapshot();
        await timed.failOver();
        expect(await ledger.acquire(claim("p2", "n2"), how)).toMatchObject({ ...doubtful, pool: { name: "partners" } });
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject(doubtful);
        expect(await ledger.acquire(claim("p3", "n1"), running)).toMatchObject(doubtful);
        expect(await read({ a2: "i-n3" })).toEqual({ adopted: 0, lost: 0, out: [] });
        expect(await ledger.snapshot()).toEqual(before);
      });

      it("begins nothing, and hands no detach to the last one out", async () => {
        await ledger.acquire(claim("p1", "n1"), { ...how, mayWork: [] });
        await attach(ledger, "p2", "n2");
        await timed.failOver();
        expect(await ledger.begin("i-n1")).toBeNull();
        expect(await ledger.release("p2", how)).toEqual({ status: "released", last: true });
        expect(await ledger.begin("i-n2")).toBeNull();
      });
    });

    it("tells an actor of before a failover to stop: the fence may be one that came back", async () => {
      const job = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      expect(await ledger.extend(job.machine.id, job.fence)).toBe(true);
      await timed.failOver();
      expect(await ledger.extend(job.machine.id, job.fence)).toBe(false);
    });

    describe("after a gap", () => {
      beforeEach(async () => {
        await attach(ledger, "p1", "n1");
        await ledger.acquire(claim("p1", "n1"), { ...how, leaseMs: 600_000 });
        await timed.advance(30_001);
        await timed.beat();
      });

      it("keeps records and goes on granting", async () => {
        expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "attached" });
        expect(await ledger.acquire(claim("p3", "n2"), how)).toMatchObject({ status: "work" });
      });

      it("detaches nothing before the doubt is over", async () => {
        expect(await ledger.release("p1", how)).toEqual({ status: "released", last: true });
        await read({ a1: "i-n1" });
        expect(await ledger.due()).toMatchObject({ machines: [], nextMs: (await ledger.now()) + 120_000 });
        await pass(119_999);
        expect((await ledger.due()).machines).toEqual([]);
        expect(await ledger.begin("i-n1")).toBeNull();
        await pass(1);
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("detaches nothing before the pool was read in the doubt", async () => {
        await ledger.release("p1", how);
        await pass(120_000);
        expect((await ledger.due()).machines).toEqual([]);
        expect(await ledger.begin("i-n1")).toBeNull();
        await read({ a1: "i-n1" });
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("does not wait for the inventory of a pool that was taken out", async () => {
        await ledger.putPools([]);
        await ledger.release("p1", how);
        await pass(120_000);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("waits for a read that began in the doubt", async () => {
        await ledger.release("p1", how);
        await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), (await ledger.now()) - 1);
        await pass(120_000);
        expect(await ledger.begin("i-n1")).toBeNull();
      });
    });

    it("detaches nothing once nobody has beaten for the length of a gap", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", { mayWork: [] });
      await timed.advance(30_001);
      expect((await ledger.due()).machines).toEqual([]);
      expect(await ledger.begin("i-n1")).toBeNull();
      await attach(ledger, "p2", "n2");
      expect(await ledger.release("p2", how)).toEqual({ status: "released", last: true });
    });

    describe("after it was emptied", () => {
      it("corrects what was read early and put late, by the read that it grants from", async () => {
        await empty();
        const early = await ledger.now();
        await pass(26_000);
        await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), early);
        await pass(9_000);
        await read();
        await restored();
        // The node may still lack its ephemeral address: it is seen to once something may be taken off again.
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "detaching" });
        await pass(120_000);
        const { fence } = (await ledger.begin("i-n1")) ?? { fence: "" };
        expect(await ledger.settle("i-n1", fence, { outcome: "absent" })).toBe(true);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "work" });
      });

      it("gives a pod that runs its address back as soon as the pool was read, and wakes its sidecar", async () => {
        await attach(ledger, "p1", "n1");
        await empty();
        expect(await ledger.renew("p1", 60_000)).toEqual({ status: "unknown" });
        expect(await ledger.acquire(claim("p1", "n1"), running)).toMatchObject(doubtful);
        await timed.advance(1);
        await read({ a1: "i-n1" });
        const woken = new Promise<void>((resolve) => void ledger.onWake("p1", resolve));
        await ledger.onWake("p1", () => undefined);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject(doubtful);
        expect(await ledger.acquire(claim("p1", "n1"), running)).toMatchObject({ ip: "203.0.113.1" });
        await woken;
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
      });

      it("grants nothing else before a read that no work of the old epoch can come after", async () => {
        await empty();
        await timed.advance(1);
        await read({ a1: "i-n1" });
        await pass(34_000);
        await read({ a1: "i-n1" });
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject(doubtful);
        expect(await ledger.acquire(claim("p2", "n2"), how)).toMatchObject({ ...doubtful, position: 2 });
        const woken = new Promise<void>((resolve) => void ledger.onWake("p1", resolve));
        await ledger.onWake("p1", () => undefined);
        await restored();
        await pass(1_000);
        await read({ a1: "i-n1" });
        await woken;
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
        expect(await ledger.acquire(claim("p2", "n2"), how)).toMatchObject({ status: "work" });
      });

      it("grants nothing to pods that start before those that run have their leases again, and wakes them then", async () => {
        await empty();
        await pass(36_000);
        await read({ a1: "i-n1" });
        expect(await ledger.acquire(claim("p1", "n2"), how)).toMatchObject(doubtful);
        expect(await ledger.acquire(claim("p2", "n1"), running)).toMatchObject({ status: "attached" });
        const woken = new Promise<void>((resolve) => void ledger.onWake("p1", resolve));
        await ledger.onWake("p1", () => undefined);
        await restored();
        await woken;
        expect(await ledger.acquire(claim("p1", "n2"), how)).toMatchObject({ status: "work" });
      });

      it("waits for its pools and nodes with the same reason, and not for ever", async () => {
        await timed.failOver();
        await timed.beat();
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject(doubtful);
        await pass(35_000);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "pool-unknown" });
      });

      it("begins no cloud work while an actor of the old epoch may be at it", async () => {
        await empty();
        await timed.advance(1);
        await read();
        expect(await ledger.acquire(claim("p1", "n1"), { ...running, mayWork: ["aws"] })).toMatchObject({
          reason: "attaching",
        });
        expect(await ledger.due()).toMatchObject({ machines: [], nextMs: (await ledger.now()) + 24_999 });
        expect(await ledger.begin("i-n1")).toBeNull();
        await pass(24_999);
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "attach" });
      });

      it("gives back at once what such a pod no longer wants", async () => {
        await empty();
        await timed.advance(1);
        await read();
        await ledger.acquire(claim("p1", "n1"), running);
        await ledger.release("p1", how);
        expect((await ledger.snapshot()).addresses.map(({ state }) => state)).toEqual(["free", "free"]);
      });

      it("refuses an actor of the old epoch", async () => {
        const old = jobOf(await ledger.acquire(claim("p1", "n1"), how));
        await empty();
        expect(await ledger.extend("i-n1", old.fence)).toBe(false);
        await timed.advance(1);
        await read({ a1: "i-n1" });
        expect(await ledger.extend("i-n1", old.fence)).toBe(false);
        expect(await ledger.settle("i-n1", old.fence, { outcome: "detached" })).toBe(false);
        const [adopted] = (await ledger.snapshot()).attachments;
        expect(adopted).toMatchObject({ state: "attached" });
        expect(Number(adopted?.fence.split(".")[0])).toBeGreaterThan(Number(old.fence.split(".")[0]));
      });

      it("does not believe a read from before", async () => {
        await timed.advance(10);
        const readAt = await ledger.now();
        await timed.advance(10);
        await empty();
        expect(await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), readAt)).toMatchObject({
          adopted: 0,
        });
        expect((await ledger.snapshot()).addresses).toEqual([]);
      });

      it("detaches nothing before two lives of a lease, and no pod loses what it has", async () => {
        await attach(ledger, "p1", "n1");
        await empty();
        await timed.advance(1);
        await read({ a1: "i-n1" });
        await restored();
        await pass(119_000);
        await read({ a1: "i-n1" });
        expect(await ledger.begin("i-n1")).toBeNull();
        await pass(5_000);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("detaches nothing before all leases are said to be restored, in this epoch", async () => {
        await attach(ledger, "p1", "n1");
        const { epoch } = await ledger.snapshot();
        await empty();
        await timed.advance(1);
        await read({ a1: "i-n1" });
        await pass(600_000);
        await read({ a1: "i-n1" });
        await timed.beat(epoch);
        expect((await ledger.due()).machines).toEqual([]);
        expect(await ledger.begin("i-n1")).toBeNull();
        await restored();
        await pass(60_000);
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
        await empty();
        await timed.advance(1);
        await read({ a1: "i-n1" });
        await pass(600_000);
        expect(await ledger.begin("i-n1")).toBeNull();
      });

      it("wakes who waited, and tells the controller", async () => {
        await attach(ledger, "p1", "n1");
        await attach(ledger, "p2", "n2");
        await ledger.acquire(claim("p3", "n3"), how);
        const changes: string[] = [];
        await ledger.onChange((machine) => changes.push(machine));
        const woken = new Promise<void>((resolve) => void ledger.onWake("p3", resolve));
        await ledger.onWake("p3", () => undefined);
        await timed.failOver();
        await timed.beat();
        await woken;
        await expect.poll(() => changes).toContain("");
      });
    });

    describe("a pod that runs", () => {
      it("is served past allow and past those who wait", async () => {
        await ledger.putPools([pool({ lingerSeconds, allow: { namespaces: ["payments"] } })]);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "pool-not-allowed" });
        expect(await ledger.acquire(claim("p1", "n1"), { ...how, running: true })).toMatchObject({ status: "work" });
        await ledger.putPools([pool({ lingerSeconds })]);
        await ledger.putNode(node("n4"));
        await attach(ledger, "p2", "n2");
        await ledger.acquire(claim("p3", "n3"), how);
        const job = (await ledger.release("p2", how)) as { job?: Job };
        await ledger.settle("i-n2", job.job?.fence ?? "", { outcome: "detached" });
        expect(await ledger.acquire(claim("p4", "n4"), { ...how, running: true })).toMatchObject({ status: "work" });
        expect(await ledger.acquire(claim("p3", "n3"), how)).toMatchObject({ reason: "exhausted" });
      });
    });

    describe("release of a lease that had expired", () => {
      it("ends it only while it still ends at that time", async () => {
        await attach(ledger, "p1", "n1");
        await timed.advance(20_000);
        const [seen] = (await ledger.snapshot()).leases;
        await ledger.renew("p1", 60_000);
        const judged = { mayWork: [], expiredAtMs: seen?.expiresAtMs ?? 0 };
        expect(await ledger.release("p1", judged)).toEqual({ status: "unknown" });
        const [renewed] = (await ledger.snapshot()).leases;
        expect(await ledger.release("p1", { mayWork: [], expiredAtMs: renewed?.expiresAtMs ?? 0 })).toMatchObject({
          status: "released",
        });
      });

      it("does not end the waiting of a pod that has lost its lease meanwhile", async () => {
        await attach(ledger, "p1", "n1");
        await attach(ledger, "p2", "n2");
        await ledger.acquire(claim("p3", "n3"), how);
        expect(await ledger.release("p3", { mayWork: [], expiredAtMs: 1 })).toEqual({ status: "unknown" });
      });
    });

    it("has an address undone that was taken off a node where nobody needs it", async () => {
      await ledger.putPools([pool({ lingerSeconds: 300 })]);
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      await pass(20_000);
      await read();
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "waiting", reason: "detaching" });
      const job = await ledger.begin("i-n1");
      expect(job).toMatchObject({ kind: "detach", restoreEphemeral: true });
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "absent" });
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "work" });
    });
  });
});
