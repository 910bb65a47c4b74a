import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { beatEveryMs, beatGapMs, type Beat, type Mirror } from "../../shared/ledger/beat.ts";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { readIndices, type Indices } from "./ledger-indices.ts";
import { ledgerUser } from "./ledger-user.ts";

/** A ledger whose clock the test moves. */
export interface TimedLedger {
  readonly ledger: Ledger;
  readonly advance: (ms: number) => Promise<void>;
  /** A beat with what the last one here answered as its mirror. `restored`: as of the port. */
  readonly beat: (restored?: string) => Promise<Beat>;
  /** Time goes by as with a controller: there is a beat before each gap, and one at the end. */
  readonly pass: (ms: number) => Promise<void>;
  /** Loses everything. */
  readonly flush: () => Promise<void>;
  /** Keeps what there is now; what it answers brings that back. */
  readonly save: () => Promise<() => Promise<void>>;
  /** Goes on as another Redis process with the same data. */
  readonly failOver: () => Promise<void>;
  /** As if a program of this version had beaten last. */
  readonly keepVersion: (version: number) => Promise<void>;
  /** Of a ledger that keeps indices beside its records. */
  readonly indices?: () => Promise<Indices>;
  readonly end: () => Promise<void>;
}

function beating(ledger: Ledger, advance: (ms: number) => Promise<void>): Pick<TimedLedger, "beat" | "pass"> {
  let mirror: Mirror | null = null;
  const beat = async (restored?: string) => {
    const answer = await ledger.beat(mirror, restored);
    mirror = { epoch: answer.epoch, sequence: answer.sequence };
    return answer;
  };
  const everyMs = beatGapMs - beatEveryMs;
  return {
    beat,
    async pass(ms) {
      for (let left = ms; left > 0; left -= everyMs) {
        await advance(Math.min(left, everyMs));
        await beat();
      }
    },
  };
}

const start = 1_700_000_000_000;

export async function timedMemoryLedger(): Promise<TimedLedger> {
  let now = start;
  const ledger = createMemoryLedger({ clock: () => now });
  const advance = async (ms: number) => {
    now += ms;
  };
  return {
    ledger,
    advance,
    ...beating(ledger, advance),
    flush: async () => ledger.restore(),
    save: async () => {
      const saved = ledger.dump();
      return async () => ledger.restore(saved);
    },
    failOver: async () => ledger.restore(ledger.dump(), randomUUID()),
    async keepVersion(version) {
      const records = ledger.dump();
      ledger.restore({ ...records, beat: { ...records.beat, version } });
    },
    end: () => ledger.close(),
  };
}

/**
 * Real Redis and the real commands, but for clock.lua: `now` is a key that the test writes. The ledger has no more rights than
 * docs/ledger.md says that it needs.
 */
export async function timedRedisLedger(url: string): Promise<TimedLedger> {
  const installation = `test-${randomUUID()}`;
  const clockKey = `static-egress:{${installation}}:test-clock`;
  const redis = new Redis(url);
  await redis.set(clockKey, start);
  const user = await ledgerUser(redis, url, "static-egress", installation);
  const ledger = createRedisLedger({
    redis: new Redis(user.url),
    installation,
    duplicate: () => new Redis(user.url),
    clockLua: "local now = tonumber(redis.call('GET', KEYS[1] .. ':test-clock'))",
  });
  const keys = async () => (await redis.keys(`static-egress:{${installation}}:*`)).filter((key) => key !== clockKey);
  const flush = async () => {
    const found = await keys();
    if (found.length > 0) await redis.del(found);
  };
  const advance = async (ms: number) => {
    await redis.incrby(clockKey, ms);
  };
  return {
    ledger,
    advance,
    ...beating(ledger, advance),
    flush,
    indices: () => readIndices(redis, `static-egress:{${installation}}`),
    save: async () => {
      const saved = await Promise.all((await keys()).map(async (key) => ({ key, data: await redis.dumpBuffer(key) })));
      return async () => {
        await flush();
        for (const { key, data } of saved) await redis.restore(key, 0, data);
      };
    },
    // The data cannot be moved to another process here: instead they are said to come from another one, where a beat noted any.
    failOver: async () => {
      const beat = `static-egress:{${installation}}:beat`;
      if ((await redis.exists(beat)) === 1) await redis.hset(beat, "server", randomUUID());
    },
    async keepVersion(version) {
      await redis.hset(`static-egress:{${installation}}:beat`, "version", version);
    },
    end: async () => {
      await redis.del(clockKey);
      await flush();
      await ledger.close();
      await user.forget();
      redis.disconnect();
    },
  };
}
