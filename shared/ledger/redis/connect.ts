import { Cluster, Redis } from "ioredis";
import { EgressError } from "../../errors.ts";
import type { Ledger } from "../port.ts";
import { toLedgerError } from "./errors.ts";
import { createRedisLedger } from "./ledger.ts";

interface Credentials {
  username?: string;
  password?: string;
}

export type RedisTarget =
  | { kind: "single"; url: string }
  | {
      kind: "sentinel";
      sentinels: { host: string; port: number }[];
      name: string;
      options: Credentials & { db?: number };
    }
  | { kind: "cluster"; nodes: { host: string; port: number }[]; options: Credentials };

const accepted =
  "accepted: redis://[user:password@]host[:6379][/db], rediss://…, redis+sentinel://host:26379[,host…]/master-name[/db], " +
  "redis+cluster://host:6379[,host…]";

/** Reads REDIS_URL; throws CONFIG_INVALID with what is accepted. The value itself is never repeated: it may hold a password. */
export function parseRedisUrl(url: string): RedisTarget {
  const refuse = (why: string) => new EgressError("CONFIG_INVALID", `REDIS_URL: ${why}; ${accepted}`);
  const match = /^([a-z+]+):\/\/(?:([^@/]*)@)?([^/]+)(?:\/([^/?]*))?(?:\/(\d+))?$/.exec(url);
  if (match === null) throw refuse("not a URL of Redis");
  const [, scheme, userinfo = "", hosts = "", path = "", db = "0"] = match;
  if (scheme === "redis" || scheme === "rediss") {
    if (!URL.canParse(url)) throw refuse("not a URL of Redis");
    return { kind: "single", url };
  }
  const [username = "", password = ""] = userinfo.split(":").map(decodeURIComponent);
  const options = { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  const nodes = hosts.split(",").map((host) => {
    const [name = "", port] = host.split(":");
    return { host: name, port: Number(port ?? (scheme === "redis+sentinel" ? 26379 : 6379)) };
  });
  if (nodes.some(({ host, port }) => host === "" || !Number.isInteger(port))) throw refuse("a host or port is missing");
  if (scheme === "redis+cluster") return { kind: "cluster", nodes, options };
  if (scheme !== "redis+sentinel") throw refuse(`unknown scheme '${scheme}'`);
  if (path === "") throw refuse("redis+sentinel needs the master's name as path");
  return { kind: "sentinel", sentinels: nodes, name: path, options: { ...options, db: Number(db) } };
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

const oldest = { redis: 7, valkey: 7 };

/** Throws LEDGER_UNREACHABLE, LEDGER_DENIED or LEDGER_TOO_OLD: what a user should hear before anything is tried. */
export async function checkServer(redis: Redis | Cluster): Promise<void> {
  let info: string;
  try {
    info = await redis.info("server");
  } catch (error) {
    throw toLedgerError(error, "asking Redis for its version");
  }
  const version = /^(redis|valkey)_version:(\d+)/m.exec(info);
  const valkey = /^valkey_version:/m.test(info);
  const major = Number(version?.[2] ?? 0);
  if (!valkey && major < oldest.redis) {
    const seen = /^redis_version:(.*)$/m.exec(info)?.[1]?.trim() ?? "unknown";
    throw new EgressError("LEDGER_TOO_OLD", `Redis ${seen} is too old; accepted: Redis 7.0 or Valkey 7.2, or newer`);
  }
}

/**
 * A ledger over REDIS_URL. Connects in the background; commands fail with LEDGER_UNREACHABLE while there is no connection.
 * `onError` hears of each lost connection (for the log and a metric).
 */
export function connectLedger(
  url: string,
  options: { installation: string; onError?: (error: Error) => void },
): Ledger {
  const connect = () => connectRedis(url, options.onError ?? (() => undefined));
  return createRedisLedger({ redis: connect(), installation: options.installation, duplicate: connect });
}
