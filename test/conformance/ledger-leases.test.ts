import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, pool, putIntoUse, states } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  let timed: TimedLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    timed = await open();
    ledger = await putIntoUse(timed);
  });

  describe("renew and drain", () => {
    it("extends a held lease and says the address", async () => {
      await attach(ledger, "p1", "n1");
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
      await attach(ledger, "p1", "n1");
      await timed.pass(61_000);
      expect((await ledger.due()).expired).toMatchObject([{ podUid: "p1", pod: "apps/p1" }]);
      expect(await ledger.renew("p1", 60_000)).toMatchObject({ status: "renewed", late: true });
      expect((await ledger.due()).expired).toEqual([]);
    });

    it("does not know a lease that is not there", async () => {
      expect(await ledger.renew("p1", 60_000)).toEqual({ status: "unknown" });
    });

    it("lets a draining lease count for grace and margin, without renewals, until it is acquired again", async () => {
      await attach(ledger, "p1", "n1");
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
      await attach(ledger, "p1", "n1");
      await ledger.acquire(claim("p2", "n1"), how);
      expect(await ledger.release("p1", how)).toEqual({ status: "released", last: false });
      expect(await ledger.release("p2", how)).toEqual({ status: "released", last: true });
      expect(await ledger.begin("i-n1")).toBeNull();
      expect((await ledger.due()).nextMs).toBe((await ledger.now()) + 30_000);
      await timed.pass(30_000);
      const job = await ledger.begin("i-n1");
      expect(job).toMatchObject({ kind: "detach", restoreEphemeral: true, address: { id: "a1" } });
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "detached" });
      expect(await states(ledger)).toEqual(["a1 free", "a2 free"]);
    });

    it("is given up when a new pod comes while the address lingers", async () => {
      await attach(ledger, "p1", "n1");
      await ledger.release("p1", how);
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ status: "attached" });
      await timed.pass(31_000);
      expect(await ledger.begin("i-n1")).toBeNull();
    });

    it("hands the detach to the last one out where nothing lingers", async () => {
      await ledger.putPools([pool({ lingerSeconds: 0 })]);
      await attach(ledger, "p1", "n1");
      expect(await ledger.release("p1", how)).toMatchObject({
        status: "released",
        last: true,
        job: { kind: "detach" },
      });
      expect(await ledger.acquire(claim("p2", "n1"), how)).toMatchObject({ reason: "detaching" });
    });

    it("leaves the detach to the controller where the caller may not work", async () => {
      await ledger.putPools([pool({ lingerSeconds: 0 })]);
      await attach(ledger, "p1", "n1");
      expect(await ledger.release("p1", { mayWork: [] })).toEqual({ status: "released", last: true });
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
    });

    it("is harmless the second time and for a pod that only waits", async () => {
      expect(await ledger.release("p1", how)).toEqual({ status: "unknown" });
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
      await ledger.acquire(claim("p3", "n3"), how);
      expect(await ledger.release("p3", how)).toEqual({ status: "released", last: false });
      expect((await ledger.snapshot()).waiters).toEqual([]);
    });

    it("gives back at once an address that nobody has begun to attach", async () => {
      await ledger.acquire(claim("p1", "n1"), { leaseMs: 60_000, mayWork: [] });
      await ledger.release("p1", { mayWork: [] });
      expect(await states(ledger)).toEqual(["a1 free", "a2 free"]);
    });
  });
});
