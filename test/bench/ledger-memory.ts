import { Redis } from "ioredis";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { startRedis } from "../support/redis.ts";
import { benchClaim, fillLedger, leaseMs, nodeCount } from "./ledger-scene.ts";
import { notMeasured, type Row } from "./row.ts";

const leases = 10_000;
const name = `Redis memory for a lease, at ${leases} leases`;

/** What Redis uses more (`used_memory`) with the leases than with the same pool, nodes and attachments before them. */
export async function benchLedgerMemory(): Promise<Row[]> {
  const server = await startRedis();
  if (server === undefined) return [notMeasured(name, "no redis-server or valkey-server on the PATH")];
  const redis = new Redis(server.url);
  const ledger = createRedisLedger({ redis, installation: "bench", duplicate: () => new Redis(server.url) });
  try {
    await fillLedger(ledger);
    const acquire = async (index: number) => {
      const { status } = await ledger.acquire(benchClaim(index), { leaseMs, mayWork: [] });
      if (status !== "attached") throw new Error(`acquire was answered ${status}`);
    };
    for (let index = 0; index < nodeCount; index++) await acquire(index); // scripts, buffers, a set for every node
    const before = await usedMemory(redis);
    for (let index = nodeCount; index < nodeCount + leases; index++) await acquire(index);
    const value = Math.round(((await usedMemory(redis)) - before) / leases);
    return [{ name, value, unit: "bytes", goal: { atMost: 400 }, note: `${nodeCount} nodes` }];
  } finally {
    await ledger.close();
    await server.stop();
  }
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
}
