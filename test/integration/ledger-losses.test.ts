import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { attach, claim, fillPartners, how } from "../support/ledger-cases.ts";
import { clientAt, ledgerAt, ownRedis } from "../support/own-redis.ts";
import { freePort, redisProgram } from "../support/redis.ts";

const running = { ...how, mayWork: [], running: true };

describe.skipIf(redisProgram() === undefined)("a ledger whose Redis", () => {
  it("starts again from a dump grants nothing before a beat, and then gives running pods what they have", async () => {
    const dir = await mkdtemp(join(tmpdir(), "static-egress-dump-"));
    const port = await freePort();
    const first = await ownRedis(["--dir", dir], port);
    const ledger = ledgerAt(first.url);
    const mirror = await ledger.beat(null);
    await fillPartners(ledger);
    await attach(ledger, "p1", "n1");
    await clientAt(first.url).save();
    await attach(ledger, "p2", "n2"); // in no dump
    await first.stop();
    await ownRedis(["--dir", dir], port);

    await expect.poll(() => ledger.now().catch(() => 0), { timeout: 30_000 }).toBeGreaterThan(0);
    expect((await ledger.snapshot()).leases).toMatchObject([{ podUid: "p1" }]); // and a2 is free, as it believes
    expect(await ledger.acquire(claim("p3", "n2"), how)).toMatchObject({ reason: "ledger-doubtful" });
    expect(await ledger.release("p1", how)).toEqual({ status: "released", last: true });

    expect(await ledger.beat(mirror)).toMatchObject({ signs: ["other-server"] });
    await fillPartners(ledger, { a1: "i-n1", a2: "i-n2" });
    for (const [podUid, on, ip] of [
      ["p1", "n1", "203.0.113.1"],
      ["p2", "n2", "203.0.113.2"],
    ] as const) {
      expect(await ledger.acquire(claim(podUid, on), running)).toMatchObject({ status: "attached", ip });
    }
    expect((await ledger.due()).machines).toEqual([]);
  });

  it("fails over and loses writes, is found by the mirror, and refuses the actors of before", async () => {
    const primary = await ownRedis();
    const replica = await ownRedis(["--replicaof", "127.0.0.1", new URL(primary.url).port]);
    const before = ledgerAt(primary.url);
    const own = clientAt(replica.url);
    await before.beat(null);
    await fillPartners(before);
    await expect.poll(() => own.exists("static-egress:{own}:inventories"), { timeout: 30_000 }).toBe(1);
    await own.replicaof("127.0.0.1", "1"); // cut off from here on
    const { fence } = await attach(before, "p1", "n1");
    const mirror = await before.beat(null);
    await own.replicaof("NO", "ONE");

    const after = ledgerAt(replica.url);
    expect((await after.snapshot()).leases).toEqual([]);
    expect(await after.acquire(claim("p2", "n2"), how)).toMatchObject({ reason: "ledger-doubtful" });
    const beat = await after.beat(mirror);
    expect(beat.signs).toEqual(["other-server", "older"]);
    await fillPartners(after, { a1: "i-n1" });
    expect(await after.settle("i-n1", fence, { outcome: "detached" })).toBe(false);
    expect(await after.acquire(claim("p1", "n1"), running)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
    expect(await after.renew("p1", 60_000)).toMatchObject({ status: "renewed", ip: "203.0.113.1" });
  });

  it("is emptied keeps its locks, and leaves no key behind that is not of the new epoch", async () => {
    const { url } = await ownRedis();
    const ledger = ledgerAt(url);
    const own = clientAt(url);
    const mirror = await ledger.beat(null);
    await fillPartners(ledger);
    await attach(ledger, "p1", "n1");
    await ledger.acquire(claim("p2", "n2"), { ...how, mayWork: [] });
    await ledger.acquire(claim("p3", "n3"), how);
    await own.set("static-egress:{own}:lock:i-n1", "token");
    await own.hset("static-egress:{own}:beat", "server", "another");
    await ledger.beat(mirror);
    const keys = (await own.keys("*")).map((key) => key.slice("static-egress:{own}:".length));
    expect(keys.filter((key) => key !== "changes").toSorted()).toEqual(["beat", "epoch", "history", "lock:i-n1"]);
  });
});
