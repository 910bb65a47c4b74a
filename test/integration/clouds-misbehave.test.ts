import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { startWorked, type Worked } from "../support/clouds/worked.ts";

const [first, second, third] = ["203.0.113.8", "203.0.113.9", "203.0.113.10"] as const;
const ephemeral = /^198\.18\./;

/** What reads a machine first, and what changes it first. */
const actions = {
  aws: { read: "DescribeInstances", change: "AssociateAddress", triesOfOurs: 2 },
  gcp: { read: "instances.get", change: "instances.deleteAccessConfig", triesOfOurs: 1 },
} as const;

describe.each(["aws", "gcp"] as const)("work on %s", (cloudName) => {
  const { read, change, triesOfOurs } = actions[cloudName];
  let worked: Worked;
  // The SDKs load their parts with the first call, which on a busy machine takes longer than any case.
  beforeAll(async () => (await startWorked(cloudName)).end(), 120_000);
  afterEach(() => worked.end());

  const fault = (kind: "throttle" | "drop-before" | "revoke", action: string, times: number) =>
    void worked.world.faults.push({ kind, action, times });
  const carried = (name: string) => worked.world.egressIp(worked.node(name));
  const used = async () =>
    (await worked.ledger.snapshot()).addresses.filter(({ state }) => state !== "free").map(({ ip }) => ip);

  it("does not jump to another address for five throttled answers in a row", async () => {
    worked = await startWorked(cloudName);
    fault("throttle", change, 5 * triesOfOurs);
    await worked.acquire("node-1");
    const seen = new Set<string>();
    for (let second = 0; second < 60 && worked.world.faults.length > 0; second += 1) {
      await worked.pass(1_000);
      for (const ip of await used()) seen.add(ip);
    }
    await worked.pass(10_000);
    expect([...seen]).toEqual([first]);
    expect(carried("node-1")).toBe(first);
    expect(await worked.acquire("node-1")).toMatchObject({ status: "attached", ip: first });
  });

  it("tries the next address at once when it lost a race, and the next", async () => {
    worked = await startWorked(cloudName);
    for (const [ip, holder] of [
      [first, "node-2"],
      [second, "several"],
    ]) {
      const address = worked.world.addresses.find((one) => one.ip === ip);
      if (address !== undefined) address.holder = worked.node(holder ?? "");
    }
    const startedMs = await worked.ledger.now();
    const startedAt = performance.now();
    expect(await worked.acquireAwake("node-1")).toBe(third);
    expect((await worked.ledger.now()) - startedMs).toBe(0); // no retry interval of the ledger
    expect(performance.now() - startedAt).toBeLessThan(5_000); // nor of a sidecar that asks by the clock
    expect([carried("node-1"), carried("node-2"), carried("several")]).toEqual([third, first, second]);
  });

  it("takes another address when one was released to the provider under it", async () => {
    worked = await startWorked(cloudName);
    worked.world.addresses.splice(
      worked.world.addresses.findIndex(({ ip }) => ip === first),
      1,
    );
    expect(await worked.acquireAwake("node-1")).toBe(second);
    expect(carried("node-1")).toBe(second);
  });

  it("outlasts an outage with the address it began with", async () => {
    worked = await startWorked(cloudName);
    fault("drop-before", read, 16);
    await worked.acquire("node-1");
    await worked.pass(60_000);
    expect(worked.world.faults).toEqual([]);
    expect(carried("node-1")).toBe(first);
    expect(await used()).toEqual([first]);
  });

  it("says which right is missing, leaves the node its way out, and attaches once it is granted", async () => {
    worked = await startWorked(cloudName);
    fault("revoke", change, 1);
    await worked.acquire("node-1");
    await worked.pass(1_000);
    const waits = await worked.acquire("node-1");
    expect(waits).toMatchObject({ status: "waiting", reason: "node-problem" });
    expect((waits as { detail: string }).detail).toMatch(new RegExp(`CLOUD_DENIED.*${change}`));
    expect(carried("node-1")).toMatch(ephemeral);
    expect(await used()).toEqual([]);
    await worked.pass(60_000);
    await worked.acquire("node-1");
    await worked.pass(1_000);
    expect(carried("node-1")).toBe(first);
  });

  it("frees the address of a machine that ended while it was attached", async () => {
    worked = await startWorked(cloudName);
    const take = worked.world.take.bind(worked.world);
    // On GCP the first half is done by then.
    worked.world.take = (action) => {
      const isNow = action === "AssociateAddress" || action === "instances.addAccessConfig";
      if (isNow && worked.world.nodes[0]?.name === "node-1") worked.world.nodes.shift();
      return take(action);
    };
    await worked.acquire("node-1");
    // Not before an earlier attempt has surely ended.
    for (let seconds = 0; seconds < 25 && (await used()).length > 0; seconds++) await worked.pass(1_000);
    expect(await used()).toEqual([]);
    expect(await worked.acquire("node-1")).toMatchObject({ status: "waiting", reason: "node-problem" });
  });

  it("gives the node its way out back when the last pod goes while every change is refused", async () => {
    worked = await startWorked(cloudName);
    await worked.acquire("node-1");
    await worked.pass(1_000);
    const off = cloudName === "aws" ? "DisassociateAddress" : "instances.addAccessConfig";
    fault("revoke", off, 3);
    await worked.ledger.release("pod-node-1", { mayWork: [] });
    await worked.pass(20_000);
    expect(await used()).toEqual([first]); // due until it is done
    await worked.pass(120_000);
    expect(carried("node-1")).toMatch(ephemeral);
    expect(await used()).toEqual([]);
  });
});
