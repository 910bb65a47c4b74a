import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { claim, how, inventory, node, pool } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger", (open) => {
  describe("when an address leaves its pool in use", () => {
    let timed: TimedLedger;
    let ledger: Ledger;
    const without = inventory(2).slice(1);
    const read = async () => ledger.putInventory("partners", without, await ledger.now());

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await ledger.putPools([pool()]);
      await ledger.putNode(node("n1"));
      await ledger.putInventory("partners", inventory(2), await ledger.now());
      await ledger.acquire(claim("p1", "n1"), { ...how, mayWork: [] });
      const job = await ledger.begin("i-n1");
      await ledger.settle("i-n1", job?.fence ?? "", { outcome: "attached", hadEphemeral: true });
      await timed.pass(60_000);
    });

    it("is named by every inventory, as long as pods use it", async () => {
      const { machine } = node("n1");
      const out = [{ machine, address: { id: "a1", ip: "203.0.113.1" } }];
      expect(await read()).toEqual({ adopted: 0, lost: 0, out });
      expect(await read()).toEqual({ adopted: 0, lost: 0, out });
      await ledger.release("p1", { mayWork: [] });
      expect(await read()).toEqual({ adopted: 0, lost: 0, out: [] });
    });

    it("is attached again when it is missed on its machine", async () => {
      await read();
      expect(await ledger.missed("i-n1", "a1", await ledger.now())).toBe(true);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "attach", address: { id: "a1" } });
    });

    it("is not missed by a read that is older than its attachment, of another address, or without a lease", async () => {
      await read();
      expect(await ledger.missed("i-n1", "a1", (await ledger.now()) - 51_000)).toBe(false);
      expect(await ledger.missed("i-n1", "a2", await ledger.now())).toBe(false);
      expect(await ledger.missed("i-n2", "a1", await ledger.now())).toBe(false);
      await ledger.release("p1", { mayWork: [] });
      expect(await ledger.missed("i-n1", "a1", await ledger.now())).toBe(false);
    });

    it("is named and missed, too, where it was kept: the next pod would be told that it is there", async () => {
      await ledger.release("p1", { mayWork: [] });
      await timed.pass(60_000);
      const detach = await ledger.begin("i-n1");
      await ledger.settle("i-n1", detach?.fence ?? "", { outcome: "kept" });
      await timed.pass(60_000);
      expect((await read()).out).toHaveLength(1);
      expect(await ledger.missed("i-n1", "a1", await ledger.now())).toBe(true);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });

    it("gives way to another address of the pool when it cannot be attached again", async () => {
      await read();
      await ledger.missed("i-n1", "a1", await ledger.now());
      const job = await ledger.begin("i-n1");
      const failed = { outcome: "failed", code: "ADDRESS_MISSING", message: "gone", addressAtFault: true } as const;
      await ledger.settle("i-n1", job?.fence ?? "", failed);
      expect(await ledger.renew("p1", 60_000)).toEqual({ status: "unknown" });
      const again = await ledger.acquire(claim("p1", "n1"), how);
      expect(again).toMatchObject({ status: "work", job: { address: { id: "a2" } } });
      await read();
      expect((await ledger.snapshot()).addresses.map(({ id }) => id)).toEqual(["a2"]);
    });
  });
});
