import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, jobOf, node, pool, putIntoUse } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
  });

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
      await attach(ledger, "p1", "n1");
      const there = { ...claim("p2", "n1"), nodeUid: "uid-later" };
      expect(await ledger.acquire(there, how)).toMatchObject({ status: "waiting", reason: "node-unknown" });
      const machine = { id: "i-later", providerId: "aws:///eu-west-1a/i-later" };
      await ledger.putNode(node("n1", { uid: "uid-later", machine }));
      expect(jobOf(await ledger.acquire(there, how))).toMatchObject({ kind: "attach", machine });
    });

    it("keeps a lease whose node is not listed for a moment: leases end by evidence only", async () => {
      await attach(ledger, "p1", "n1");
      const again = claim("p1", "n1", { nodeUid: "uid-another" });
      expect(await ledger.acquire(again, how)).toMatchObject({ status: "waiting", reason: "node-unknown" });
      expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed" });
    });

    it("gives different nodes different addresses at the same time", async () => {
      const answers = await Promise.all(["n1", "n2"].map((on) => ledger.acquire(claim(`p-${on}`, on), how)));
      expect(answers.map((answer) => jobOf(answer).address.id).toSorted()).toEqual(["a1", "a2"]);
    });

    it("queues the pods of further nodes in order, with their position", async () => {
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
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
      await attach(ledger, "p1", "n1");
      const second = await attach(ledger, "p2", "n2");
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
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
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
      await attach(ledger, "p1", "n1");
      expect(await ledger.acquire(claim("b1", "n1", { pool: "billing" }), how)).toMatchObject({
        reason: "node-other-pool",
      });
    });

    it("ends the linger of another pool's address to make room", async () => {
      await ledger.putPools([pool(), pool({ name: "billing", select: { tags: { pool: "billing" } } })]);
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      expect(await ledger.begin("i-n1")).toBeNull();
      expect(await ledger.acquire(claim("b1", "n1", { pool: "billing" }), how)).toMatchObject({
        reason: "detaching",
      });
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });

    it("ends the leases on the machine that a node name stood for before", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.putNode(node("n1", { uid: "new", machine: { id: "i-new", providerId: "aws:///eu-west-1a/i-new" } }));
      expect((await ledger.snapshot()).leases).toEqual([]);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
    });
  });
});
