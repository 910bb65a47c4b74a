import * as fc from "fast-check";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { codeOf } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { attach, claim, fillPartners, how, inventory, node } from "../support/ledger-cases.ts";

const redisUrl = inject("redisUrl");
/** Not what the ledger writes: cut off, of another shape, or nobody's. */
const garbage = fc.oneof(
  fc.constantFrom("", "{", "null", "[]", "{}", "1e999", '"', "\u0000", '{"state":7}', '{"machine":{}}'),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.json({ maxDepth: 2 }),
);

/** Every command of a pod, an actor and the controller that may meet the record. */
const commands: readonly ((ledger: Ledger) => Promise<unknown>)[] = [
  (ledger) => ledger.acquire(claim("pod-1", "n1"), how),
  (ledger) => ledger.acquire(claim("pod-2", "n2"), how),
  (ledger) => ledger.renew("pod-1", 60_000),
  (ledger) => ledger.drain("pod-1", { leaseMs: 60_000, graceMs: 1000 }),
  (ledger) => ledger.begin("i-n1"),
  async (ledger) => ledger.putInventory("partners", inventory(2), await ledger.now()),
  (ledger) => ledger.putNode(node("n1")),
  (ledger) => ledger.look("i-n1"),
  (ledger) => ledger.due(),
  (ledger) => ledger.figures(),
  (ledger) => ledger.snapshot(),
  (ledger) => ledger.release("pod-1", { mayWork: [] }),
];

describe.skipIf(redisUrl === "")("a ledger of which a record was spoilt", () => {
  it("answers, or says LEDGER_REPLY; put right, it goes on", async () => {
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    let number = 0;
    await fc.assert(
      fc.asyncProperty(garbage, fc.nat(), fc.nat(), async (value, whichKey, whichField) => {
        const installation = `spoilt-${process.pid}-${(number += 1)}`;
        const ledger = createRedisLedger({ redis, installation, duplicate: () => new Redis(redisUrl) });
        await ledger.beat(null);
        await fillPartners(ledger);
        await attach(ledger, "pod-1", "n1");
        const keys = (await redis.keys(`static-egress:{${installation}}:*`)).toSorted();
        const hashes = [];
        for (const key of keys) if ((await redis.type(key)) === "hash") hashes.push(key);
        const key = hashes[whichKey % hashes.length] ?? "";
        const names = (await redis.hkeys(key)).toSorted();
        const field = names[whichField % names.length] ?? "";
        const before = (await redis.hget(key, field)) ?? "";
        await redis.hset(key, field, value);
        try {
          for (const command of commands) {
            const code = await command(ledger).then(
              () => undefined,
              (error: unknown) => codeOf(error) ?? String(error),
            );
            expect([undefined, "LEDGER_REPLY", "LEDGER_VERSION"], `${key} ${field}`).toContain(code);
          }
          await redis.hset(key, field, before);
          await expect(ledger.snapshot()).resolves.toBeDefined();
        } finally {
          await redis.del(...keys, ...(await redis.keys(`static-egress:{${installation}}:*`)));
        }
      }),
      { numRuns: 150 },
    );
  });
});
