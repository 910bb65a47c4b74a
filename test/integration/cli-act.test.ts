import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { builtCli } from "./cli-run.ts";
import { fillLedger, uids } from "./cli-scene.ts";

const redisUrl = inject("redisUrl");
const { run } = builtCli();

describe.skipIf(redisUrl === "")("static-egress, by hand", () => {
  let installation: string;
  let ledger: Ledger;
  let env: Record<string, string>;

  beforeEach(async () => {
    installation = `test-${randomUUID()}`;
    env = { REDIS_URL: redisUrl, STATIC_EGRESS_INSTALLATION: installation };
    ledger = connectLedger(redisUrl, { installation });
    await fillLedger(ledger);
  });
  afterEach(async () => {
    await ledger.close();
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`static-egress:{${installation}}:*`));
    redis.disconnect();
  });

  const expire = async (uid: string) => {
    await ledger.renew(uid, 1);
    await expect.poll(() => ledger.now()).toBeGreaterThan((await ledger.lease(uid)).lease?.expiresAtMs ?? Infinity);
  };

  it("release: a lease that is still renewed is left alone", async () => {
    const { code, error } = await run(["release", "--lease", uids.reports, "--yes"], env);
    expect([code, error]).toEqual([
      1,
      expect.stringContaining("LEASE_LIVE: the lease of reports/weekly-1 is still renewed"),
    ]);
    expect((await ledger.lease(uids.reports)).lease).toBeDefined();
  });

  it("release: one that has expired ends, and the audit line says whose, and by whom", async () => {
    await expire(uids.reports);
    const { code, out, error } = await run(["release", "--lease", uids.reports, "--yes"], env);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Ends the lease of reports\/weekly-1 on 203\.0\.113\.8 of pool partners\n[^]*\nDone\.\n$/),
    ]);
    expect((await ledger.lease(uids.reports)).lease).toBeUndefined();
    expect(JSON.parse(error)).toMatchObject({
      audit: "release",
      done: true,
      by: expect.stringMatching(/./) as string,
      pods: [{ pod: "reports/weekly-1", podUid: uids.reports }],
      force: false,
    });
  });

  it("release --force: ends one that is still renewed; a place in the queue needs no force", async () => {
    expect((await run(["release", "--lease", uids.reports, "--yes", "--force"], env)).code).toBe(0);
    expect((await ledger.lease(uids.reports)).lease).toBeUndefined();
    expect((await run(["release", "--lease", uids.nightly, "--yes"], env)).out).toContain("out of the queue");
    expect((await ledger.lease(uids.nightly)).waiter).toBeUndefined();
  });

  it("release: not confirmed, nothing changes: exit code 2", async () => {
    await expire(uids.reports);
    const { code, error } = await run(["release", "--lease", uids.reports], env);
    expect([code, error]).toEqual([2, expect.stringContaining("nothing was changed: it was not confirmed")]);
    expect((await ledger.lease(uids.reports)).lease).toBeDefined();
  });

  it("detach: only once no lease on the node is renewed any more; then all of them end", async () => {
    const early = await run(["detach", "--node", "worker-1", "--yes"], env);
    expect([early.code, early.error]).toEqual([1, expect.stringContaining("LEASE_LIVE")]);
    const { code, out } = await run(["detach", "--node", "worker-1", "--yes", "--force"], env);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining("Ends the 2 leases on 203.0.113.7 of pool partners on node worker-1"),
    ]);
    const leases = await Promise.all([uids.biller, uids.billerToo].map((uid) => ledger.lease(uid)));
    expect(leases.map(({ lease }) => lease)).toEqual([undefined, undefined]);
    await expire(uids.reports);
    expect((await run(["detach", "--node", "worker-2", "--yes"], env)).code).toBe(0);
    expect((await ledger.lease(uids.reports)).lease).toBeUndefined();
  });

  it.each([
    ["a pod that has none", ["release", "--lease", "nobody", "--yes"], /POD_UNKNOWN/],
    ["a node that carries none", ["detach", "--node", "worker-3", "--yes"], /NODE_UNKNOWN/],
  ])("%s: exit code 1", async (_what, argv, said) => {
    const { code, error } = await run(argv, env);
    expect([code, error]).toEqual([1, expect.stringMatching(said)]);
  });
});
