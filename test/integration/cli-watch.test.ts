import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { builtCli } from "./cli-run.ts";
import { fillLedger, uids } from "./cli-scene.ts";

const redisUrl = inject("redisUrl");
const installation = `test-${randomUUID()}`;
const { directory } = builtCli();

describe.skipIf(redisUrl === "")("static-egress watch", () => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = connectLedger(redisUrl, { installation });
    await fillLedger(ledger);
  });
  afterAll(async () => {
    await ledger.close();
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`static-egress:{${installation}}:*`));
    redis.disconnect();
  });

  it("tells who waits now, then each change as it comes: a drain, a release, who waits no longer", async () => {
    const env = { REDIS_URL: redisUrl, STATIC_EGRESS_INSTALLATION: installation };
    const child = spawn(process.execPath, [join(directory(), "dist/cli/main.js"), "watch"], { env });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    const told = async (line: RegExp): Promise<void> => {
      await expect.poll(() => out, { timeout: 15_000 }).toMatch(line);
    };
    try {
      await told(/^\S+Z {2}payments\/nightly-1 waits for pool partners #1: exhausted$/m);
      await ledger.drain(uids.reports, { leaseMs: 60_000, graceMs: 30_000 });
      await told(/^\S+Z {2}node worker-2 203\.0\.113\.8 of partners: draining: reports\/weekly-1$/m);
      await ledger.release(uids.reports, { mayWork: [] });
      await told(/^\S+Z {2}node worker-2 203\.0\.113\.8 of partners: draining -> lingering$/m);
      await ledger.release(uids.nightly, { mayWork: [] });
      await told(/^\S+Z {2}payments\/nightly-1 waits no longer for pool partners$/m);
    } finally {
      child.kill();
    }
  });
});
