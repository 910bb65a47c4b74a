import { describe, expect, it, onTestFinished } from "vitest";
import { attach, claim, fillPartners, how } from "../support/ledger-cases.ts";
import { clientAt, ledgerAt, ownRedis } from "../support/own-redis.ts";
import { redisProgram, startSentinel } from "../support/redis.ts";

const patience = { timeout: 60_000 };
const portOf = (url: string): number => Number(new URL(url).port);

async function ownSentinel(primary: string): Promise<string> {
  const sentinel = await startSentinel(portOf(primary), 2);
  if (sentinel === undefined) throw new Error("no Redis program");
  onTestFinished(() => sentinel.stop());
  return sentinel.url;
}

describe.skipIf(redisProgram() === undefined)("a ledger behind Sentinel", () => {
  it("goes on at the replica that Sentinel promotes, once a beat has noticed", { timeout: 120_000 }, async () => {
    const primary = await ownRedis();
    const replica = await ownRedis(["--replicaof", "127.0.0.1", String(portOf(primary.url))]);
    const sentinels = await Promise.all([1, 2, 3].map(() => ownSentinel(primary.url)));
    const known = async () => {
      const told = await Promise.all(sentinels.map((url) => clientAt(url).call("SENTINEL", "CKQUORUM", "ours")));
      return told.map(String);
    };
    await expect
      .poll(() => known().catch(String), patience)
      .toEqual(sentinels.map(() => expect.stringMatching(/^OK 3 /)));

    const hosts = sentinels.map((url) => `127.0.0.1:${portOf(url)}`).join(",");
    const ledger = ledgerAt(`redis+sentinel://${hosts}/ours`);
    const mirror = await ledger.beat(null);
    await fillPartners(ledger);
    await attach(ledger, "p1", "n1");
    const { epoch } = await ledger.snapshot();
    await expect.poll(() => clientAt(replica.url).exists("static-egress:{own}:attachments"), patience).toBe(1);

    await primary.stop();
    const goesOn = () => ledger.acquire(claim("p2", "n2"), how).catch(() => ({ reason: "away" }));
    await expect.poll(goesOn, patience).toMatchObject({ reason: "ledger-doubtful" });
    const beat = await ledger.beat(mirror);
    expect(beat.signs).toContain("other-server");
    expect(beat.epoch).not.toBe(epoch);
    await fillPartners(ledger, { a1: "i-n1" });
    const running = { ...how, mayWork: [], running: true };
    expect(await ledger.acquire(claim("p1", "n1"), running)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
  });
});
