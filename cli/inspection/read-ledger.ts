import type { Cluster, Redis } from "ioredis";
import { EgressError } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import type { LedgerOptions } from "../command-options.ts";
import { openRedis } from "./open-redis.ts";

/** A server may hold much else; then the others are not looked for to the end. */
const mostLooks = 200;

/**
 * One installation's ledger at one moment, straight from Redis; nothing is written, so a replica serves, too. Throws as `readFrom`.
 */
export function readLedger(url: string, installation: string): Promise<Snapshot> {
  return readFrom({ redis: url, installation }, (ledger) => ledger.snapshot());
}

/**
 * What `read` reads of one installation's ledger. Throws LEDGER_UNREACHABLE, LEDGER_DENIED, LEDGER_TOO_OLD, LEDGER_REPLY, and
 * LEDGER_ABSENT when there is no such installation.
 */
export async function readFrom<Answer extends { readonly epoch: string }>(
  { redis: url, installation }: LedgerOptions,
  read: (ledger: Ledger) => Promise<Answer>,
): Promise<Answer> {
  const redis = await openRedis(url);
  const ledger = createRedisLedger({ redis, installation, duplicate: () => redis });
  try {
    const answer = await read(ledger);
    if (answer.epoch !== "") return answer;
    const others = await installationsIn(redis);
    const found = others.length === 0 ? "none was found" : `found: ${others.join(", ")}`;
    throw new EgressError(
      "LEDGER_ABSENT",
      `there is no ledger of installation '${installation}' in this Redis; ${found}`,
    );
  } finally {
    await ledger.close();
  }
}

async function installationsIn(redis: Redis | Cluster): Promise<string[]> {
  const found = new Set<string>();
  const [server] = "nodes" in redis ? redis.nodes("master") : [redis];
  let cursor = "0";
  if (server === undefined) return [];
  for (let looks = 0; looks < mostLooks; looks++) {
    const [next, keys] = await server.scan(cursor, "MATCH", "static-egress:{*}:epoch", "COUNT", 1000);
    for (const key of keys) found.add(key.slice("static-egress:{".length, -"}:epoch".length));
    cursor = next;
    if (cursor === "0") break;
  }
  return [...found].toSorted();
}
