import { beforeEach, describe, expect, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { eachLedger } from "../support/each-ledger.ts";
import type { TimedLedger } from "../support/ledgers.ts";

/** A place every quarter of a second, after ten at once. */
const limits = { burst: 10, perSecond: 4 };

eachLedger("Ledger's pace", (open) => {
  describe("when many call a cloud", () => {
    let timed: TimedLedger;
    let ledger: Ledger;
    beforeEach(async () => {
      timed = await open();
      ledger = timed.ledger;
    });

    const turns = async (count: number, bucket = "aws:eu-west-1"): Promise<number[]> => {
      const waits: number[] = [];
      for (let turn = 0; turn < count; turn += 1) waits.push((await ledger.pace(bucket, limits, 1)).waitMs);
      return waits;
    };

    it("lets a burst through, and then one after the other", async () => {
      expect(await turns(13)).toEqual([...Array.from({ length: 10 }, () => 0), 1_250, 1_500, 1_750]);
    });

    it("takes no place for whoever would have to wait too long", async () => {
      const waits = await turns(50);
      expect(waits.slice(28)).toEqual([5750, 6000, ...Array.from({ length: 20 }, () => 6250)]);
      await timed.advance(250);
      expect(await turns(2)).toEqual([6000, 6250]);
    });

    it("never lets more through than the burst and the rate, whoever asks and when", async () => {
      const admitted: number[] = [];
      for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
        for (const waitMs of await turns(3)) if (waitMs <= 6_000) admitted.push(nowMs + waitMs);
        await timed.advance(100);
      }
      admitted.sort((a, b) => a - b);
      for (const [index, atMs] of admitted.entries()) {
        const within = admitted.slice(index).filter((other) => other < atMs + 10_000).length;
        expect(within).toBeLessThanOrEqual(limits.burst + 10 * limits.perSecond);
      }
      expect(admitted.length).toBeGreaterThan(60 * limits.perSecond);
    });

    it("gives many places at once: all that are free, and else all that soon are", async () => {
      const many = (wanted: number) => ledger.pace("aws:eu-west-1", limits, wanted);
      expect(await many(4)).toEqual({ places: 4, waitMs: 0 });
      expect(await many(100)).toEqual({ places: 6, waitMs: 0 });
      expect(await many(5)).toEqual({ places: 5, waitMs: 2_250 });
      expect(await many(100)).toEqual({ places: 15, waitMs: 6_000 });
      expect(await many(100)).toEqual({ places: 0, waitMs: 6_250 });
    });

    it("leaves what comes back during a wait to those who wait", async () => {
      const many = (wanted: number) => ledger.pace("aws:eu-west-1", limits, wanted);
      await turns(10);
      await timed.advance(750);
      expect(await many(4)).toEqual({ places: 4, waitMs: 1_250 });
      expect(await many(1)).toEqual({ places: 1, waitMs: 1_500 });
      await timed.advance(1_250);
      expect(await many(3)).toEqual({ places: 3, waitMs: 0 });
    });

    it("is as good as new after a quiet time", async () => {
      await turns(30);
      await timed.advance(60_000);
      expect(await turns(11)).toEqual([...Array.from({ length: 10 }, () => 0), 1_250]);
    });

    it("keeps the accounts apart", async () => {
      await turns(30);
      expect(await turns(1, "aws:eu-west-2")).toEqual([0]);
    });

    it("makes everybody pause after a throttled answer, and then go without a burst", async () => {
      await ledger.penalize("aws:eu-west-1", limits, 2_000);
      expect(await turns(3)).toEqual([3_000, 3_250, 3_500]);
    });

    it("does not add up the pauses of many who were throttled at the same moment", async () => {
      for (const pauseMs of [1_200, 2_000, 1_700]) await ledger.penalize("aws:eu-west-1", limits, pauseMs);
      expect(await turns(1)).toEqual([3_000]);
    });

    it("does not wait for a time that only a wrong clock has seen", async () => {
      await timed.advance(3_600_000);
      await turns(30);
      await timed.advance(-3_600_000);
      expect(await turns(1)).toEqual([0]);
    });
  });
});
