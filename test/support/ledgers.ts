import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { readIndices, type Indices } from "./ledger-indices.ts";

/** A ledger whose clock the test moves. */
export interface TimedLedger {
  readonly ledger: Ledger;
  readonly advance: (ms: number) => Promise<void>;
  /** Loses everything. */
  readonly flush: () => Promise<void>;
  /** Keeps what there is now; what it answers brings that back. */
  readonly save: () => Promise<() => Promise<void>>;
  /** Goes on as another Redis process with the same data. */
  readonly failOver: () => Promise<void>;
  /** Of a ledger that keeps indices beside its records. */
  readonly indices?: () => Promise<Indices>;
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
    flush: async () => ledger.restore(),
    save: async () => {
      const saved = ledger.dump();
      return async () => ledger.restore(saved);
    },
    failOver: async () => ledger.restore(ledger.dump(), randomUUID()),
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
  const keys = async () => (await redis.keys(`static-egress:{${installation}}:*`)).filter((key) => key !== clockKey);
  const flush = async () => {
    const found = await keys();
    if (found.length > 0) await redis.del(found);
  };
  return {
    ledger,
    advance: async (ms) => {
      await redis.incrby(clockKey, ms);
    },
    flush,
    indices: () => readIndices(redis, `static-egress:{${installation}}`),
    save: async () => {
      const saved = await Promise.all((await keys()).map(async (key) => ({ key, data: await redis.dumpBuffer(key) })));
      return async () => {
        await flush();
        for (const { key, data } of saved) await redis.restore(key, 0, data);
      };
    },
    // The data cannot be moved to another process here: instead they are said to come from another one.
    failOver: async () => {
      await redis.hset(`static-egress:{${installation}}:beat`, "server", randomUUID());
    },
    end: async () => {
      await redis.del(clockKey);
      await flush();
      await ledger.close();
    },
  };
}
