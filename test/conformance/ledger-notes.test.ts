import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { PodNote } from "../../shared/ledger/records.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { claim, how, inventory, node, pool } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

const proceeding: PodNote = { kind: "proceeding", detail: "exhausted: every address is in use" };
const unverified: PodNote = { kind: "unverified", detail: "saw 198.51.100.7" };

eachLedger("Ledger", (open) => {
  describe("when a sidecar says something of its pod", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await ledger.putPools([pool()]);
      await ledger.putNode(node("n1"));
    });

    it("keeps it with a pod that waits, until it asks without", async () => {
      const notes = async () => (await ledger.figures()).waiters.map(({ note }) => note);
      await ledger.acquire({ ...claim("p1", "n1"), note: proceeding }, how);
      expect(await notes()).toEqual([proceeding]);
      await ledger.acquire(claim("p1", "n1"), how);
      expect(await notes()).toEqual([undefined]);
    });

    it("keeps it with a lease, until a renewal says another thing", async () => {
      const look = async () => (await ledger.look("i-n1")).leases.map(({ note }) => note);
      await ledger.putInventory("partners", inventory(2), await ledger.now());
      await ledger.acquire({ ...claim("p1", "n1"), note: proceeding }, how);
      expect(await look()).toEqual([proceeding]);
      await ledger.renew("p1", 60_000, unverified);
      expect(await look()).toEqual([unverified]);
      await ledger.renew("p1", 60_000);
      expect(await look()).toEqual([unverified]);
      await ledger.renew("p1", 60_000, null);
      expect(await look()).toEqual([undefined]);
    });
  });
});
