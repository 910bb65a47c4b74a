import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { attach, claim, how, inventory, jobOf, putIntoUse } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  describe("history", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    beforeEach(async () => {
      timed = await open();
      ledger = await putIntoUse(timed);
    });

    const told = async () =>
      (await ledger.history("", 100)).map(({ kind, ip, node, pod, code }) =>
        [kind, ip, node, pod, code].filter((part) => part !== undefined).join(" "),
      );
    const release = (podUid: string) => ledger.release(podUid, { mayWork: [] });

    it("tells an address's life, with who had it", async () => {
      const beganMs = await ledger.now();
      const { machine } = await attach(ledger, "p1", "n1");
      await ledger.acquire(claim("p2", "n1"), how);
      await ledger.acquire(claim("p2", "n1"), how); // once more: it is no other lease
      await ledger.renew("p2", 60_000);
      await release("p1");
      await release("p2");
      await timed.pass(31_000);
      const job = await ledger.begin(machine.id);
      await ledger.settle(machine.id, job?.fence ?? "", { outcome: "detached" });
      expect(await told()).toEqual([
        "leased 203.0.113.1 n1 apps/p1",
        "attaching 203.0.113.1 n1",
        "attached 203.0.113.1 n1",
        "leased 203.0.113.1 n1 apps/p2",
        "released 203.0.113.1 n1 apps/p1",
        "released 203.0.113.1 n1 apps/p2",
        "detaching 203.0.113.1 n1",
        "detached 203.0.113.1 n1",
      ]);
      const [first] = await ledger.history("", 1);
      expect(first).toMatchObject({ pool: "partners", machine: "i-n1", podUid: "p1" });
      expect(first?.atMs).toBeGreaterThanOrEqual(beganMs);
    });

    it("tells of an attach that was given up, and of the lease that went with it", async () => {
      const { machine, fence } = jobOf(await ledger.acquire(claim("p1", "n1"), how));
      const failed = { outcome: "failed", code: "NODE_PRIVATE", message: "no route", addressAtFault: false } as const;
      await ledger.settle(machine.id, fence, failed);
      expect((await told()).slice(2)).toEqual([
        "failed 203.0.113.1 n1 NODE_PRIVATE",
        "released 203.0.113.1 n1 apps/p1",
      ]);
    });

    it("tells of an address that was only reserved", async () => {
      await ledger.acquire(claim("p1", "n1"), { ...how, mayWork: [] });
      await release("p1");
      expect(await told()).toEqual([
        "leased 203.0.113.1 n1 apps/p1",
        "released 203.0.113.1 n1 apps/p1",
        "detached 203.0.113.1 n1",
      ]);
    });

    it("tells what an inventory has found: adopted, and lost", async () => {
      await attach(ledger, "p1", "n1");
      await timed.pass(60_000);
      await ledger.putInventory("partners", inventory(2, { a2: "i-n2" }), await ledger.now());
      expect((await told()).slice(3).toSorted()).toEqual(["adopted 203.0.113.2 n2", "lost 203.0.113.1 n1"]);
    });

    it("tells of a lease that a pod lost with its address, or with its node", async () => {
      await attach(ledger, "p1", "n1");
      await attach(ledger, "p2", "n2");
      await ledger.removeNode("n2");
      expect((await told()).slice(6)).toEqual(["released 203.0.113.2 n2 apps/p2"]);
    });

    it("is read on from an entry, and part by part", async () => {
      await attach(ledger, "p1", "n1");
      const all = await ledger.history("", 100);
      const [first, second] = await ledger.history("", 2);
      expect([first, second]).toEqual(all.slice(0, 2));
      expect(await ledger.history(second?.id ?? "", 100)).toEqual(all.slice(2));
      expect(await ledger.history(all.at(-1)?.id ?? "", 100)).toEqual([]);
    });

    it("outlives a doubt that empties the ledger", async () => {
      await attach(ledger, "p1", "n1");
      const before = await ledger.history("", 100);
      await timed.failOver();
      await timed.beat();
      expect((await ledger.snapshot()).leases).toEqual([]);
      expect(await ledger.history("", 100)).toEqual(before);
    });
  });
});
