import type { Cluster, Redis } from "ioredis";
import { EgressError } from "../../shared/errors.ts";
import { checkServer, connectRedis, parseRedisUrl } from "../../shared/ledger/redis/connect.ts";

/**
 * A connection to a Redis that answers and is new enough. Throws LEDGER_UNREACHABLE (with the server and what the network
 * said), LEDGER_DENIED, LEDGER_TOO_OLD, or CONFIG_INVALID for a URL that is none. Whoever gets it disconnects it.
 */
export async function openRedis(url: string): Promise<Redis | Cluster> {
  const server = serverOf(url);
  let last: Error | undefined;
  const redis = connectRedis(url, (error) => {
    last = error;
  });
  try {
    await checkServer(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    if (!(error instanceof EgressError) || error.code !== "LEDGER_UNREACHABLE") throw error;
    const why = last === undefined ? error.message : last.message || (last as { code?: string }).code;
    throw new EgressError("LEDGER_UNREACHABLE", `Redis at ${server} does not answer: ${why}`, { cause: error });
  }
}

/** Never the user or the password. */
function serverOf(url: string): string {
  const target = parseRedisUrl(url);
  if (target.kind === "single") return new URL(target.url).host;
  const hosts = target.kind === "sentinel" ? target.sentinels : target.nodes;
  return hosts.map(({ host, port }) => `${host}:${port}`).join(", ");
}
