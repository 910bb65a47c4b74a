import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { readIndices } from "../support/ledger-indices.ts";
import { claim, how, inventory, node, pool } from "../support/ledger-cases.ts";

const redisUrl = inject("redisUrl");

/** A sidecar of a version before the indices writes attachments and leases alone. */
describe.skipIf(redisUrl === "")("a ledger whose indices an older sidecar has not kept", () => {
  let redis: Redis;
  let ledger: Ledger;
  let root: string;

  beforeEach(async () => {
    const installation = `test-${randomUUID()}`;
    root = `static-egress:{${installation}}`;
    redis = new Redis(redisUrl);
    ledger = createRedisLedger({ redis, installation, duplicate: () => new Redis(redisUrl) });
    await ledger.beat(null);
    await ledger.putPools([pool()]);
    for (const name of ["n1", "n2"]) await ledger.putNode(node(name));
    await ledger.putInventory("partners", inventory(2), await ledger.now());
    const answer = await ledger.acquire(claim("p1", "n1"), how);
    if (answer.status !== "work") throw new Error(`expected work, saw ${JSON.stringify(answer)}`);
    await ledger.settle("i-n1", answer.job.fence, { outcome: "attached", hadEphemeral: true });
  });
  afterEach(async () => {
    await redis.del(await redis.keys(`${root}:*`));
    await ledger.close();
    redis.disconnect();
  });
  it("puts right what says that something is due and is not", async () => {
    await redis.zadd(`${root}:work`, 1, "i-n1", 1, "i-gone");
    await redis.zadd(`${root}:expiries`, 1, "i-n1", 1, "i-gone");
    expect(await ledger.due()).toMatchObject({ machines: [], expired: [] });
    const { kept, scanned } = await readIndices(redis, root);
    expect(kept).toEqual(scanned);
  });

  it("finds what no index has with the next inventory", async () => {
    await redis.del(`${root}:work`, `${root}:expiries`, `${root}:holders`);
    await ledger.putInventory("partners", inventory(2, { a1: "i-n1" }), await ledger.now());
    const { kept, scanned } = await readIndices(redis, root);
    expect(kept).toEqual(scanned);
  });
});
