import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";

/** A ledger whose clock the test moves. */
export interface TimedLedger {
  readonly ledger: Ledger;
  readonly advance: (ms: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

const start = 1_700_000_000_000;

export async function timedMemoryLedger(): Promise<TimedLedger> {
  let now = start;
  const ledger = createMemoryLedger({ clock: () => now });
  return {
    ledger,
    advance: async (ms) => {
      now += ms;
    },
    end: () => ledger.close(),
  };
}

/** Real Redis and the real commands, but for clock.lua: `now` is a key that the test writes. */
export async function timedRedisLedger(url: string): Promise<TimedLedger> {
  const installation = `test-${randomUUID()}`;
  const clockKey = `static-egress:{${installation}}:test-clock`;
  const redis = new Redis(url);
  await redis.set(clockKey, start);
  const ledger = createRedisLedger({
    redis,
    installation,
    duplicate: () => new Redis(url),
    clockLua: "local now = tonumber(redis.call('GET', KEYS[1] .. ':test-clock'))",
  });
  return {
    ledger,
    advance: async (ms) => {
      await redis.incrby(clockKey, ms);
    },
    end: async () => {
      const keys = await redis.keys(`static-egress:{${installation}}:*`);
      if (keys.length > 0) await redis.del(keys);
      await ledger.close();
    },
  };
}
