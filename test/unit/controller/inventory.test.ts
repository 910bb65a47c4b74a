import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cloud } from "../../../shared/clouds/port.ts";
import { startInventory } from "../../../webhook/controller/inventory.ts";
import { pool } from "../../support/ledger-cases.ts";

describe("the inventory", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is read every minute, and once more when nothing of the old epoch can come true any more", async () => {
    const readAtMs: number[] = [];
    const startMs = performance.now();
    const ended = new AbortController();
    const cloud = { listAddresses: () => Promise.resolve([]) } as unknown as Cloud;
    const inventory = startInventory({
      ledger: {
        now: () => Promise.resolve(0),
        putInventory() {
          readAtMs.push(Math.round((performance.now() - startMs) / 1000));
          return Promise.resolve({ adopted: 0, lost: 0, out: [] });
        },
        missed: () => Promise.resolve(false),
      },
      clouds: { forPool: () => Promise.resolve(cloud) },
      pools: () => [pool()],
      everyMs: 60_000,
      log: pino({ level: "silent" }),
      troubles: { tell: () => undefined },
      metrics: { inventoryRead: () => undefined, repaired: () => undefined },
      learned: () => undefined,
      signal: ended.signal,
    });
    inventory.readAll(Promise.resolve(), 35_000);
    await vi.advanceTimersByTimeAsync(160_000);
    ended.abort();
    expect(readAtMs).toEqual([0, 35, 95, 155]);
  });
});
