import * as fc from "fast-check";
import { describe, inject, it } from "vitest";
import { pool } from "../support/ledger-cases.ts";
import { histories, runHistory } from "../support/ledger-model.ts";
import { timedMemoryLedger, timedRedisLedger } from "../support/ledgers.ts";

const redisUrl = inject("redisUrl");

describe("Ledger, in random histories of pods, nodes, actors, inventories and clock jumps", () => {
  const kinds = [{ lingerSeconds: 0 }, { lingerSeconds: 30 }, { lingerSeconds: 30, maxAddressesPerNamespace: 1 }];

  it.each(kinds)("keeps the invariants in memory: %j", { timeout: 60_000 }, async (kind) => {
    const property = fc.asyncProperty(histories, async (history) => {
      const memory = await timedMemoryLedger();
      await runHistory(history, [memory], [pool(kind)]);
      await memory.end();
    });
    await fc.assert(property, { numRuns: 1000 });
  });

  it.skipIf(redisUrl === "").each(kinds)(
    "is the same in memory and on Redis: %j",
    { timeout: 120_000 },
    async (kind) => {
      const property = fc.asyncProperty(histories, async (history) => {
        const ledgers = [await timedMemoryLedger(), await timedRedisLedger(redisUrl)];
        try {
          await runHistory(history, ledgers, [pool(kind)]);
        } finally {
          await Promise.all(ledgers.map((timed) => timed.end()));
        }
      });
      await fc.assert(property, { numRuns: 100 });
    },
  );
});
