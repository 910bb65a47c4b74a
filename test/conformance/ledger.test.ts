import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import type { Acquisition, Job, Ledger } from "../../shared/ledger/port.ts";
import { claim, how, inventory, node, pool } from "../support/ledger-cases.ts";
import { timedMemoryLedger, timedRedisLedger, type TimedLedger } from "../support/ledgers.ts";

const redisUrl = inject("redisUrl");
const implementations = [
  { name: "memory", open: timedMemoryLedger, skip: false },
  { name: "redis", open: () => timedRedisLedger(redisUrl), skip: redisUrl === "" },
];

function jobOf(answer: Acquisition): Job {
  if (answer.status !== "work") throw new Error(`expected work, got ${JSON.stringify(answer)}`);
  return answer.job;
}

describe.each(implementations)("Ledger ($name)", ({ open, skip }) => {
  describe.skipIf(skip)("when in use", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await ledger.putPools([pool({ lingerSeconds: 30 })]);
      for (const name of ["n1", "n2", "n3"]) await ledger.putNode(node(name));
      await ledger.putInventory("partners", inventory(2), await ledger.now());
      await timed.pass(60_000);
    });
    afterEach(() => timed.end());

    async function attach(podUid: string, on: string): Promise<Job> {
      const job = jobOf(await ledger.acquire(claim(podUid, on), how));
      expect(await ledger.settle(job.machine.id, job.fence, { outcome: "attached", hadEphemeral: true })).toBe(true);
      return job;
    }
    const states = async () => (await ledger.snapshot()).addresses.map(({ id, state }) => `${id} ${state}`).toSorted();

    describe("acquire", () => {
      it("makes the first pod of a node the actor of an attach, with the pool's first address", async () => {
        const job = jobOf(await ledger.acquire(claim("p1", "n1"), how));
        expect(job).toMatchObject({
          kind: "attach",
          machine: { id: "i-n1", providerId: "aws:///eu-west-1a/i-n1" },
          address: { id: "a1", ip: "203.0.113.1" },
          node: "n1",
          pool: { name: "partners" },
        });
        expect(job.fence).toMatch(/^\d+\.\d+$/);
      });

      it("lets a second pod of the node wait for that attach, and then share", async () => {
        const job = jobOf(await ledger.acquire(claim("p1", "n1"), how));
        expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "waiting", reason: "attaching" });
        await ledger.settle("i-n1", job.fence, { outcome: "attached", hadEphemeral: true });
        for (const uid of ["p1", "p2"]) {
          expect(await ledger.acquire(claim(uid, "n1"), how)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
        }
        expect((await ledger.snapshot()).leases).toHaveLength(2);
      });

      it("tells a caller that may not work to wait, and leaves the work to the controller", async () => {
        const answer = await ledger.acquire(claim("p1", "n1"), { leaseMs: 60_000, mayWork: [] });
        expect(answer).toMatchObject({ status: "waiting", reason: "attaching" });
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "attach", address: { id: "a1" } });
        expect(await ledger.begin("i-n1")).toBeNull();
      });

      it("waits while the directory has another node of that name than the pod runs on", async () => {
        await attach("p1", "n1");
        const there = { ...claim("p2", "n1"), nodeUid: "uid-later" };
        expect(await ledger.acquire(there, how)).toMatchObject({ status: "waiting", reason: "node-unknown" });
        const machine = { id: "i-later", providerId: "aws:///eu-west-1a/i-later" };
        await ledger.putNode(node("n1", { uid: "uid-later", machine }));
        expect(jobOf(await ledger.acquire(there, how))).toMatchObject({ kind: "attach", machine });
      });

      it("keeps a lease whose node is not listed for a moment: leases end by evidence only", async () => {
        await attach("p1", "n1");
        const again = claim("p1", "n1", { nodeUid: "uid-another" });
        expect(await ledger.acquire(again, how)).toMatchObject({ status: "waiting", reason: "node-unknown" });
        expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed" });
      });

      it("gives different nodes different addresses at the same time", async () => {
        const answers = await Promise.all(["n1", "n2"].map((on) => ledger.acquire(claim(`p-${on}`, on), how)));
        expect(answers.map((answer) => jobOf(answer).address.id).toSorted()).toEqual(["a1", "a2"]);
      });

      it("queues the pods of further nodes in order, with their position", async () => {
        await attach("p1", "n1");
        await attach("p2", "n2");
        expect(await ledger.acquire(claim("p3", "n3"), how)).toMatchObject({
          reason: "exhausted",
          position: 1,
          waiting: 1,
        });
        await ledger.putNode(node("n4"));
        await timed.pass(10);
        expect(await ledger.acquire(claim("p4", "n4"), how)).toMatchObject({
          reason: "exhausted",
          position: 2,
          waiting: 2,
        });
        expect(await ledger.acquire(claim("p3", "n3"), how)).toMatchObject({ position: 1 });
      });

      it("gives a freed address to the oldest waiting node, not to whoever asks first", async () => {
        await attach("p1", "n1");
        const second = await attach("p2", "n2");
        await ledger.acquire(claim("p3", "n3"), how);
        await ledger.putNode(node("n4"));
        await timed.pass(10);
        await ledger.acquire(claim("p4", "n4"), how);
        await ledger.release("p2", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n2");
        await ledger.settle("i-n2", job?.fence ?? "", { outcome: "detached" });
        expect(await ledger.acquire(claim("p4", "n4"), how)).toMatchObject({ reason: "exhausted", position: 2 });
        expect(jobOf(await ledger.acquire(claim("p3", "n3"), how)).address).toEqual(second.address);
      });

      it("forgets a waiter that has stopped asking", async () => {
        await attach("p1", "n1");
        await attach("p2", "n2");
        await ledger.acquire(claim("dead", "n3"), how);
        await timed.pass(46_000);
        await ledger.putNode(node("n4"));
        expect(await ledger.acquire(claim("p4", "n4"), how)).toMatchObject({ position: 1, waiting: 1 });
      });

      it.each([
        ["an unknown pool", claim("p1", "n1", { pool: "nobody" }), "pool-unknown"],
        ["an unlisted node", claim("p1", "n9"), "node-unknown"],
      ])("waits on %s and says so", async (_, wish, reason) => {
        expect(await ledger.acquire(wish, how)).toMatchObject({ status: "waiting", reason });
        expect((await ledger.snapshot()).waiters).toMatchObject([{ podUid: "p1", reason, position: 0 }]);
      });

      it("waits on a node of another cloud", async () => {
        await ledger.putNode(node("g1", { cloud: "gcp" }));
        expect(await ledger.acquire(claim("p1", "g1"), how)).toMatchObject({ reason: "node-other-cloud" });
      });

      it("holds the pool's allow against namespace and service account", async () => {
        await ledger.putPools([pool({ allow: { namespaces: ["payments"], serviceAccounts: ["apps/biller"] } })]);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "pool-not-allowed" });
        expect(await ledger.acquire(claim("p1", "n1", { serviceAccount: "apps/biller" }), how)).toMatchObject({
          status: "work",
        });
        expect(await ledger.acquire(claim("p2", "n2", { serviceAccount: "payments/any" }), how)).toMatchObject({
          status: "work",
        });
      });

      it("never displaces another pool's address that has leases", async () => {
        await ledger.putPools([pool(), pool({ name: "billing", select: { tags: { pool: "billing" } } })]);
        await attach("p1", "n1");
        expect(await ledger.acquire(claim("b1", "n1", { pool: "billing" }), how)).toMatchObject({
          reason: "node-other-pool",
        });
      });

      it("ends the linger of another pool's address to make room", async () => {
        await ledger.putPools([pool(), pool({ name: "billing", select: { tags: { pool: "billing" } } })]);
        await attach("p1", "n1");
        await ledger.release("p1", how);
        expect(await ledger.begin("i-n1")).toBeNull();
        expect(await ledger.acquire(claim("b1", "n1", { pool: "billing" }), how)).toMatchObject({
          reason: "detaching",
        });
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("ends the leases on the machine that a node name stood for before", async () => {
        await attach("p1", "n1");
        await ledger.putNode(
          node("n1", { uid: "new", machine: { id: "i-new", providerId: "aws:///eu-west-1a/i-new" } }),
        );
        expect((await ledger.snapshot()).leases).toEqual([]);
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
      });
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

      it("has its work undone when no pod wants the address any more", async () => {
        jobOf(await ledger.acquire(claim("p1", "n1"), how));
        await ledger.release("p1", { mayWork: [] });
        await timed.pass(15_001);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach", address: { id: "a1" } });
      });
    });

    describe("settle", () => {
      it("frees the address of a failed attach, queues the pods and holds the node back for a while", async () => {
        const { fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
        const failed = { outcome: "failed", code: "NODE_PRIVATE", message: "private", addressAtFault: false } as const;
        await ledger.settle("i-n1", fence, failed);
        expect(await states()).toEqual(["a1 free", "a2 free"]);
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
        expect(await states()).toEqual(["a1 taken", "a2 free"]);
        expect(jobOf(await ledger.acquire(claim("p1", "n1"), how)).address.id).toBe("a2");
        await timed.pass(60_000);
        await ledger.putInventory("partners", inventory(2), await ledger.now());
        expect(await states()).toEqual(["a1 free", "a2 used"]);
      });

      it("never takes a failed detach for done", async () => {
        await attach("p1", "n1");
        await ledger.release("p1", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        const failed = { outcome: "failed", code: "CLOUD_DENIED", message: "x", addressAtFault: false } as const;
        await ledger.settle("i-n1", job?.fence ?? "", failed);
        expect(await states()).toEqual(["a1 used", "a2 free"]);
        await timed.pass(15_000);
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
      });

      it("keeps an address on its node where the pool says so, until the node is gone", async () => {
        await attach("p1", "n1");
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
          await attach("p1", "n1");
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
        const { fence } = await attach("p1", "n1");
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

    describe("renew and drain", () => {
      it("extends a held lease and says the address", async () => {
        await attach("p1", "n1");
        await timed.pass(20_000);
        const now = await ledger.now();
        expect(await ledger.renew("p1", 60_000)).toEqual({
          status: "renewed",
          ip: "203.0.113.1",
          expiresAtMs: now + 60_000,
          late: false,
        });
      });

      it("takes up an expired lease that nobody ended, and says that it was late", async () => {
        await attach("p1", "n1");
        await timed.pass(61_000);
        expect((await ledger.due()).expired).toMatchObject([{ podUid: "p1", pod: "apps/p1" }]);
        expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed", late: true });
        expect((await ledger.due()).expired).toEqual([]);
      });

      it("does not know a lease that is not there", async () => {
        expect(await ledger.renew("p1", 60_000)).toEqual({ status: "unknown" });
      });

      it("lets a draining lease count for grace and margin, without renewals, until it is acquired again", async () => {
        await attach("p1", "n1");
        const now = await ledger.now();
        await ledger.drain("p1", { leaseMs: 60_000, graceMs: 300_000 });
        expect(await ledger.renew("p1", 60_000)).toMatchObject({ expiresAtMs: now + 315_000 });
        expect((await ledger.snapshot()).leases).toMatchObject([{ state: "draining" }]);
        await ledger.acquire(claim("p1", "n1"), how);
        expect((await ledger.snapshot()).leases).toMatchObject([{ state: "held", expiresAtMs: now + 60_000 }]);
      });
    });

    describe("release", () => {
      it("lets the address linger after the last lease, then has it detached", async () => {
        await attach("p1", "n1");
        await ledger.acquire(claim("p2", "n1"), how);
        expect(await ledger.release("p1", how)).toEqual({ status: "released", last: false });
        expect(await ledger.release("p2", how)).toEqual({ status: "released", last: true });
        expect(await ledger.begin("i-n1")).toBeNull();
        expect((await ledger.due()).nextMs).toBe((await ledger.now()) + 30_000);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        expect(job).toMatchObject({ kind: "detach", restoreEphemeral: true, address: { id: "a1" } });
        await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
        expect(await states()).toEqual(["a1 free", "a2 free"]);
      });

      it("is given up when a new pod comes while the address lingers", async () => {
        await attach("p1", "n1");
        await ledger.release("p1", how);
        expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "attached" });
        await timed.pass(31_000);
        expect(await ledger.begin("i-n1")).toBeNull();
      });

      it("hands the detach to the last one out where nothing lingers", async () => {
        await ledger.putPools([pool({ lingerSeconds: 0 })]);
        await attach("p1", "n1");
        expect(await ledger.release("p1", how)).toMatchObject({
          status: "released",
          last: true,
          job: { kind: "detach" },
        });
        expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ reason: "detaching" });
      });

      it("leaves the detach to the controller where the caller may not work", async () => {
        await ledger.putPools([pool({ lingerSeconds: 0 })]);
        await attach("p1", "n1");
        expect(await ledger.release("p1", { mayWork: [] })).toEqual({ status: "released", last: true });
        expect((await ledger.due()).machines).toEqual(["i-n1"]);
      });

      it("is harmless the second time and for a pod that only waits", async () => {
        expect(await ledger.release("p1", how)).toEqual({ status: "unknown" });
        await attach("p1", "n1");
        await attach("p2", "n2");
        await ledger.acquire(claim("p3", "n3"), how);
        expect(await ledger.release("p3", how)).toEqual({ status: "released", last: false });
        expect((await ledger.snapshot()).waiters).toEqual([]);
      });

      it("gives back at once an address that nobody has begun to attach", async () => {
        await ledger.acquire(claim("p1", "n1"), { leaseMs: 60_000, mayWork: [] });
        await ledger.release("p1", { mayWork: [] });
        expect(await states()).toEqual(["a1 free", "a2 free"]);
      });
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
        expect(await states()).toEqual(["a1 taken", "a2 free"]);
      });

      it("takes in a pool of any size, in order, and forgets what is listed no more", async () => {
        const rows = inventory(1100);
        await ledger.putInventory("partners", rows, await ledger.now());
        expect(await states()).toHaveLength(1100);
        expect(jobOf(await ledger.acquire(claim("p1", "n1"), how)).address.id).toBe("a1");
        const left = rows.filter((_, index) => index > 0 && index % 100 !== 7);
        await ledger.putInventory("partners", left, await ledger.now());
        const now = await states();
        expect(now.filter((row) => row.endsWith("free"))).toEqual(left.map(({ id }) => `${id} free`).toSorted());
        expect(now).toHaveLength(left.length + 1);
        expect(now).toContain("a1 out");
      });

      it("attaches again what has been taken off under a lease", async () => {
        await attach("p1", "n1");
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
        await attach("p1", "n1");
        await ledger.release("p1", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        await ledger.settle("i-n1", job?.fence ?? "", { outcome: "kept" });
        await timed.pass(20_000);
        await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), await ledger.now());
        expect((await ledger.snapshot()).attachments).toMatchObject([{ state: "kept" }]);
        await ledger.putInventory("partners", inventory(2), await ledger.now());
        expect(await states()).toEqual(["a1 free", "a2 free"]);
        expect((await ledger.snapshot()).attachments).toEqual([]);
      });

      it("does not believe a read that is older than what it knows", async () => {
        const readAt = await ledger.now();
        await attach("p1", "n1");
        await ledger.putInventory("partners", inventory(2), readAt);
        expect(await states()).toEqual(["a1 used", "a2 free"]);
        expect(await ledger.begin("i-n1")).toBeNull();
        await ledger.release("p1", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
        await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), await ledger.now());
        expect((await ledger.snapshot()).attachments).toEqual([]);
      });

      it("serves an address taken out of the pool until its last lease ends, and then not again", async () => {
        await attach("p1", "n1");
        await ledger.putInventory("partners", inventory(2).slice(1), await ledger.now());
        expect(await states()).toEqual(["a1 out", "a2 free"]);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached" });
        await ledger.release("p1", how);
        await timed.pass(30_000);
        const job = await ledger.begin("i-n1");
        await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
        expect(await states()).toEqual(["a2 free"]);
      });

      it("serves a removed pool until its last lease ends, and takes no new ones", async () => {
        await attach("p1", "n1");
        await ledger.putPools([]);
        expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ status: "attached" });
        expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ reason: "pool-unknown" });
        await ledger.release("p1", { mayWork: [] });
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });

      it("refuses another region for a pool in use", async () => {
        await attach("p1", "n1");
        expect(await ledger.putPools([pool({ region: "eu-west-2" })])).toEqual(["partners"]);
        expect((await ledger.snapshot()).pools).toMatchObject([{ region: "eu-west-1" }]);
      });
    });

    describe("a node that is gone", () => {
      it("ends its leases and has its address taken back without linger", async () => {
        await attach("p1", "n1");
        await ledger.removeNode("n1");
        expect((await ledger.snapshot()).leases).toEqual([]);
        expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
      });
    });

    describe("reads", () => {
      it("look at one machine: its node, attachment, leases, waiters and problem", async () => {
        await attach("p1", "n1");
        await attach("p2", "n2");
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

      it("look at a machine whose node is gone, until nothing is left of it", async () => {
        await attach("p1", "n1");
        await ledger.removeNode("n1");
        expect(await ledger.look("i-n1")).toMatchObject({ nodes: [], attachments: [{ node: "n1" }], leases: [] });
      });

      it("count each pool's addresses by state, its first holders, and who waits", async () => {
        await attach("p1", "n1");
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
        await attach("p1", "n1");
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

      it("tell the oldest waiter when an address is freed", async () => {
        await ledger.putPools([pool({ lingerSeconds: 0 })]);
        await attach("p1", "n1");
        await attach("p2", "n2");
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
});
