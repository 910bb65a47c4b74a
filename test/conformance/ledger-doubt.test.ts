import { beforeEach, describe, expect, it } from "vitest";
import type { Mirror } from "../../shared/ledger/beat.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import { inventory, node, pool } from "../support/ledger-cases.ts";
import type { TimedLedger } from "../support/ledgers.ts";

eachLedger("Ledger in doubt", (open) => {
  describe("when it is beaten", () => {
    let timed: TimedLedger;
    let ledger: Ledger;
    let mirror: Mirror;

    async function fill(): Promise<void> {
      await ledger.putPools([pool()]);
      for (const name of ["n1", "n2", "n3"]) await ledger.putNode(node(name));
      await ledger.putInventory("partners", inventory(2), await ledger.now());
    }

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      mirror = await ledger.beat(null);
      await fill();
    });

    it("begins an epoch where nobody knows of one, without a doubt", async () => {
      await timed.flush();
      const epoch = String(await ledger.now());
      expect(await ledger.beat(null)).toEqual({ epoch, sequence: 1, signs: [], doubtUntilMs: 0 });
    });

    it("finds nothing against a ledger that is as the mirror says, or ahead of it", async () => {
      await timed.advance(5_000);
      expect(await ledger.beat(mirror)).toEqual({ epoch: mirror.epoch, sequence: 2, signs: [], doubtUntilMs: 0 });
      expect(await ledger.beat(mirror)).toMatchObject({ sequence: 3, signs: [] });
      expect((await ledger.snapshot()).nodes).toHaveLength(3);
    });

    const losses: [sign: string, lose: () => Promise<void>][] = [
      ["empty", () => timed.flush()],
      [
        "other-epoch",
        async () => {
          await timed.flush();
          await timed.advance(1);
          await ledger.beat(null);
          await fill();
        },
      ],
      ["other-server", () => timed.failOver()],
      [
        "older",
        async () => {
          const restore = await timed.save();
          mirror = await ledger.beat(mirror);
          await restore();
        },
      ],
    ];

    it.each(losses)("sees %s, empties the ledger and begins a later epoch", async (sign, lose) => {
      await timed.advance(10);
      await lose();
      const beat = await ledger.beat(mirror);
      expect(beat).toMatchObject({ signs: [sign], sequence: 1, doubtUntilMs: (await ledger.now()) + 120_000 });
      expect(Number(beat.epoch)).toBeGreaterThan(Number(mirror.epoch));
      expect(await ledger.snapshot()).toMatchObject({ epoch: beat.epoch, pools: [], nodes: [], addresses: [] });
      expect(await ledger.beat(beat)).toMatchObject({ epoch: beat.epoch, signs: [], doubtUntilMs: beat.doubtUntilMs });
    });

    it("sees a gap, and keeps the records", async () => {
      await timed.advance(30_000);
      mirror = await ledger.beat(mirror);
      expect(mirror).toMatchObject({ signs: [] });
      await timed.advance(30_001);
      expect(await ledger.beat(mirror)).toMatchObject({
        signs: ["gap"],
        epoch: mirror.epoch,
        doubtUntilMs: (await ledger.now()) + 120_000,
      });
      expect((await ledger.snapshot()).nodes).toHaveLength(3);
    });

    it("tells every sign that there is", async () => {
      await timed.failOver();
      await timed.advance(60_000);
      expect((await ledger.beat({ epoch: mirror.epoch, sequence: 9 })).signs).toEqual(["other-server", "older", "gap"]);
    });
  });

  describe("when a newer program keeps it", () => {
    let timed: TimedLedger;
    let ledger: Ledger;

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      await timed.beat();
      await ledger.putPools([pool()]);
    });

    it("refuses every command, and says the version seen and those accepted", async () => {
      await timed.keepVersion(2);
      const refused = { code: "LEDGER_VERSION", message: expect.stringMatching(/version 2,.* up to 1/) as string };
      await expect(ledger.putPools([])).rejects.toMatchObject(refused);
      await expect(ledger.beat(null)).rejects.toMatchObject(refused);
      await expect(ledger.snapshot()).rejects.toMatchObject(refused);
      await timed.keepVersion(1);
      expect((await ledger.snapshot()).pools).toHaveLength(1);
    });
  });

  describe("when a newer leader has beaten", () => {
    let timed: TimedLedger;
    let ledger: Ledger;
    let mirror: Mirror;

    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
      mirror = await ledger.inTerm(3).beat(null);
    });

    it("refuses every command of an older term, and changes nothing", async () => {
      const late = ledger.inTerm(2);
      const superseded = { code: "LEDGER_SUPERSEDED" };
      await expect(late.beat(mirror)).rejects.toMatchObject(superseded);
      await expect(late.putPools([pool()])).rejects.toMatchObject(superseded);
      await expect(late.putNode(node("n1"))).rejects.toMatchObject(superseded);
      await expect(late.due()).rejects.toMatchObject(superseded);
      expect(await ledger.snapshot()).toMatchObject({ pools: [], nodes: [] });
    });

    it("serves that term, a later one that has not beaten yet, and who has none", async () => {
      for (const good of [ledger.inTerm(3), ledger.inTerm(4), ledger]) await good.putNode(node("n1"));
      await ledger.beat(mirror);
      await ledger.inTerm(3).putNode(node("n2"));
      expect((await ledger.snapshot()).nodes).toHaveLength(2);
    });

    it("still refuses it after the ledger was emptied", async () => {
      await timed.failOver();
      expect(await ledger.inTerm(4).beat(mirror)).toMatchObject({ signs: ["other-server"] });
      await expect(ledger.inTerm(3).beat(mirror)).rejects.toMatchObject({ code: "LEDGER_SUPERSEDED" });
    });

    it("counts anew with a new Lease, which knows of no ledger", async () => {
      expect(await ledger.inTerm(0).beat(null)).toMatchObject({ epoch: mirror.epoch, sequence: 2, signs: [] });
      await ledger.inTerm(0).putPools([pool()]);
    });
  });
});
