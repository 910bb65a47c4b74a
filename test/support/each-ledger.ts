import { describe, inject, onTestFinished } from "vitest";
import { timedMemoryLedger, timedRedisLedger, type TimedLedger } from "./ledgers.ts";

/**
 * A suite that every ledger has to pass; on Redis it is skipped where there is none. `open` answers a ledger of the test's
 * own, empty, that is gone when the test ends.
 */
export function eachLedger(unit: string, suite: (open: () => Promise<TimedLedger>) => void): void {
  const redisUrl = inject("redisUrl");
  const openWith = (create: () => Promise<TimedLedger>) => async () => {
    const timed = await create();
    onTestFinished(() => timed.end());
    return timed;
  };
  describe(`${unit} (memory)`, () => {
    suite(openWith(timedMemoryLedger));
  });
  describe.skipIf(redisUrl === "")(`${unit} (redis)`, () => {
    suite(openWith(() => timedRedisLedger(redisUrl)));
  });
}
