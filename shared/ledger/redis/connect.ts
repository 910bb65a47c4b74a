import { Cluster, Redis } from "ioredis";
import { EgressError } from "../../errors.ts";
import type { Ledger } from "../port.ts";
import { toLedgerError } from "./errors.ts";
import { createRedisLedger } from "./ledger.ts";
import { readRedisUrl, type RedisTarget } from "./url.ts";

/** Reads REDIS_URL; throws CONFIG_INVALID with what is accepted. */
export function parseRedisUrl(url: string): RedisTarget {
  const read = readRedisUrl(url);
  if ("problem" in read) throw new EgressError("CONFIG_INVALID", `REDIS_URL: ${read.problem}`);
  return read.target;
}

/** Fails fast and says so: the callers retry with jitter, and a command that waits in a queue helps nobody. */
const patience = { connectTimeout: 3000, commandTimeout: 5000, maxRetriesPerRequest: 1, enableReadyCheck: false };
const reconnect = {
  retryStrategy: (attempt: number) => Math.min(200 * 2 ** Math.min(attempt, 6), 5000) * (0.5 + Math.random() / 2),
};

export function connectRedis(url: string, onError: (error: Error) => void): Redis | Cluster {
  const target = parseRedisUrl(url);
  const options = { ...patience, ...reconnect, lazyConnect: true };
  const redis =
    target.kind === "single"
      ? new Redis(target.url, options)
      : target.kind === "sentinel"
        ? new Redis({ ...options, ...target.options, sentinels: target.sentinels, name: target.name })
        : new Cluster(target.nodes, { redisOptions: { ...patience, ...target.options }, lazyConnect: true });
  redis.on("error", onError);
  return redis;
}

const oldestMajor = 7;

/** Throws LEDGER_TOO_OLD for what INFO tells of a server before Redis 7.0; every Valkey is newer. */
export function checkInfo(info: string): void {
  if (/^valkey_version:/m.test(info)) return;
  const seen = /^redis_version:(.*)$/m.exec(info)?.[1]?.trim() ?? "of unknown version";
  if (Number.parseInt(seen, 10) >= oldestMajor) return;
  throw new EgressError("LEDGER_TOO_OLD", `Redis ${seen} is too old; accepted: Redis 7.0 or Valkey 7.2, or newer`);
}

/** Throws LEDGER_UNREACHABLE, LEDGER_DENIED or LEDGER_TOO_OLD: what a user should hear before anything is tried. */
export async function checkServer(redis: Redis | Cluster): Promise<void> {
  let info: string;
  try {
    info = await redis.info("server");
  } catch (error) {
    throw toLedgerError(error, "asking Redis for its version");
  }
  checkInfo(info);
}

/** Asks each server once, when it is first met. */
function checkOnce(redis: Redis | Cluster): () => Promise<void> {
  let good: Promise<void> | undefined;
  redis.on("close", () => {
    good = undefined; // what comes next may be another server
  });
  return () =>
    (good ??= checkServer(redis).catch((error: unknown) => {
      good = undefined;
      throw error;
    }));
}

/**
 * A ledger over REDIS_URL. Connects in the background; commands fail with LEDGER_UNREACHABLE while there is no connection,
 * and with LEDGER_TOO_OLD before anything is written. `onError` hears of each lost connection (for the log and a metric).
 */
export function connectLedger(
  url: string,
  options: { installation: string; onError?: (error: Error) => void },
): Ledger {
  const connect = () => connectRedis(url, options.onError ?? (() => undefined));
  const redis = connect();
  const { installation } = options;
  return createRedisLedger({ redis, installation, duplicate: connect, check: checkOnce(redis) });
}
