import type { TestProject } from "vitest/node";
import { startRedis } from "./redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** REDIS_URL, or the URL of a Redis started for this run; "" where there is none. */
    redisUrl: string;
  }
}

/** One Redis for a ring of tests: REDIS_URL, or one that this starts. Without one its tests are skipped, loudly; CI fails. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["REDIS_URL"];
  const started = given === undefined ? await startRedis() : undefined;
  const url = given ?? started?.url ?? "";
  if (url === "") {
    process.stderr.write("\nskipped: no Redis (set REDIS_URL, or install redis-server or valkey-server)\n\n");
    if (process.env["CI"] !== undefined) throw new Error("no Redis: in CI the tests that need it must run");
  }
  project.provide("redisUrl", url);
  return async () => {
    await started?.stop();
  };
}
