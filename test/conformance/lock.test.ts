import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createMemoryLock } from "../../shared/lock/memory.ts";
import type { Lock } from "../../shared/lock/port.ts";
import { createRedlock } from "../../shared/lock/redlock.ts";

const redisUrl = inject("redisUrl");

function contract(make: () => Lock): void {
  it("answers what the work answers", async () => {
    expect(await make().using("node-1", async () => 42)).toBe(42);
  });

  it("rejects with the work's own error, and is free afterwards", async () => {
    const lock = make();
    const boom = new Error("boom");
    await expect(lock.using("node-1", () => Promise.reject(boom))).rejects.toBe(boom);
    expect(await lock.using("node-1", async () => "free")).toBe("free");
  });

  it("never lets two work on one resource", async () => {
    const lock = make();
    let inside = 0;
    let most = 0;
    const once = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      inside -= 1;
    };
    await Promise.allSettled(Array.from({ length: 5 }, () => lock.using("node-1", once)));
    expect(most).toBe(1);
  });

  it("refuses with LOCK_LOST while another holds it", { timeout: 15_000 }, async () => {
    const lock = make();
    await lock.using("node-1", async () => {
      await expect(lock.using("node-1", async () => "second")).rejects.toMatchObject({ code: "LOCK_LOST" });
    });
  });

  it("lets two work on two resources", async () => {
    const lock = make();
    expect(await lock.using("node-1", () => lock.using("node-2", async () => "both"))).toBe("both");
  });
}

describe("lock in memory", () => {
  const shared = createMemoryLock();
  contract(() => shared);
});

describe.skipIf(redisUrl === "")("lock over Redlock", { concurrent: true }, () => {
  let redis: Redis;
  beforeAll(() => void (redis = new Redis(redisUrl)));
  afterAll(() => redis.disconnect());
  contract(() => createRedlock([redis], `test-${randomUUID()}`));

  it("aborts the work and rejects with LOCK_LOST when another takes the key", { timeout: 20_000 }, async () => {
    const installation = `test-${randomUUID()}`;
    const lock = createRedlock([redis], installation, 600);
    const key = `static-egress:{${installation}}:lock:node-1`;
    const work = async (signal: AbortSignal) => {
      await redis.set(key, "another's", "PX", 10_000);
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      throw new Error("the cloud call was aborted");
    };
    await expect(lock.using("node-1", work)).rejects.toMatchObject({ code: "LOCK_LOST" });
    expect(await redis.get(key)).toBe("another's");
  });

  it("answers what was done though the lock could not be given back", { timeout: 20_000 }, async () => {
    const installation = `test-${randomUUID()}`;
    const lock = createRedlock([redis], installation);
    const work = async () => {
      await redis.del(`static-egress:{${installation}}:lock:node-1`);
      return "attached";
    };
    expect(await lock.using("node-1", work)).toBe("attached");
  });

  it("is extended for as long as the work runs", async () => {
    const lock = createRedlock([redis], `test-${randomUUID()}`, 600);
    const work = async (signal: AbortSignal) => {
      await new Promise((resolve) => {
        setTimeout(resolve, 1500);
      });
      return signal.aborted;
    };
    expect(await lock.using("node-1", work)).toBe(false);
  });
});
