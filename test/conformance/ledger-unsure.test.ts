import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { claim, how, inventory, jobOf, node, pool } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

const retry = { outcome: "retry", code: "CLOUD_UNKNOWN", message: "no answer", retryAfterMs: 1_000 } as const;
const failed = { outcome: "failed", code: "CLOUD_DENIED", message: "denied", addressAtFault: false } as const;
const attached = { outcome: "attached", hadEphemeral: true } as const;

eachLedger("Ledger", (open) => {
  describe("while an earlier attempt may come true", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await ledger.putPools([pool({ lingerSeconds: 0 })]);
      await ledger.putNode(node("n1"));
      await ledger.putInventory("partners", inventory(2), await ledger.now());
    });

    /** The pod's sidecar becomes the actor; answers its fence. */
    const begun = async () => jobOf(await ledger.acquire(claim("p1", "n1"), how)).fence;
    async function detachesAfter(ms: number): Promise<void> {
      expect(await ledger.release("p1", how)).toEqual({ status: "released", last: true });
      await timed.pass(ms - 1);
      expect((await ledger.due()).machines).toEqual([]);
      expect(await ledger.begin("i-n1")).toBeNull();
      await timed.pass(1);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    }

    it("detaches nothing where its actor was replaced: not before 10 s after its right has ended", async () => {
      await begun();
      await timed.pass(16_000);
      expect(await ledger.settle("i-n1", await begun(), attached)).toBe(true);
      await detachesAfter(9_000);
    });

    it("detaches nothing where it was put off: not before 10 s after that", async () => {
      await ledger.settle("i-n1", await begun(), retry);
      await timed.pass(1_000);
      expect(await ledger.settle("i-n1", await begun(), attached)).toBe(true);
      await detachesAfter(9_000);
    });

    it("hands the detach to the last one out once it cannot any more", async () => {
      await ledger.settle("i-n1", await begun(), retry);
      await timed.pass(1_000);
      await ledger.settle("i-n1", await begun(), attached);
      await timed.pass(9_000);
      expect(await ledger.release("p1", how)).toMatchObject({ job: { kind: "detach" } });
    });

    it("tries an attach that failed for good again, with the same address, until it is sure", async () => {
      await ledger.settle("i-n1", await begun(), retry);
      await timed.pass(1_000);
      expect(await ledger.settle("i-n1", await begun(), failed)).toBe(true);
      const { addresses, leases } = await ledger.snapshot();
      expect(addresses.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(["a1 used", "a2 free"]);
      expect(leases).toHaveLength(1);
      expect(await ledger.acquire(claim("p1", "n1"), how)).toMatchObject({ reason: "attaching" });
      await timed.pass(15_000);
      expect((await ledger.due()).machines).toEqual(["i-n1"]);
      expect(await ledger.settle("i-n1", await begun(), failed)).toBe(true);
      expect((await ledger.snapshot()).attachments).toEqual([]);
    });

    it("does not undo what somebody else has taken off, either", async () => {
      await timed.pass(60_000);
      await ledger.settle("i-n1", await begun(), retry);
      await timed.pass(1_000);
      await ledger.settle("i-n1", await begun(), attached);
      await ledger.release("p1", { mayWork: [] });
      await ledger.putInventory("partners", inventory(2), (await ledger.now()) + 20_000);
      expect((await ledger.snapshot()).attachments).toMatchObject([{ state: "detaching" }]);
      await timed.pass(8_999);
      expect(await ledger.begin("i-n1")).toBeNull();
      await timed.pass(1);
      expect(await ledger.begin("i-n1")).toMatchObject({ kind: "detach" });
    });
  });
});
