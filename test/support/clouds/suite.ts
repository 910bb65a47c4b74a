import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Pool } from "../../../shared/pools/schema.ts";
import { assignment, type CloudUnderTest, type Traits } from "./harness.ts";
import { foreignIp } from "./world.ts";

const [first, second] = ["203.0.113.8", "203.0.113.9"] as const;

/** What every cloud behind the port must do, whatever it runs over. `onAction` hears of every call of the run. */
export function cloudConformance(
  traits: Traits,
  start: () => Promise<CloudUnderTest>,
  onAction: (action: string) => void = () => {},
): void {
  describe(`${traits.name} cloud`, () => {
    let under: CloudUnderTest;
    beforeEach(async () => {
      under = await start();
    });
    afterEach(async () => {
      for (const { action } of under.calls) onAction(action);
      await under.close();
    });

    const actions = () => under.calls.map(({ action }) => action);
    const job = (node: string, ip: string) => assignment(under, node, ip);
    const attach = async (node: string, ip: string) => under.cloud.attach(under.pool(), await job(node, ip));
    const detach = async (node: string, ip: string, onRelease: "release" | "keep" | "keepUntilNodeGone" = "release") =>
      under.cloud.detach(under.pool({ onRelease }), await job(node, ip));
    const faultOn = (
      change: "attach" | "detach",
      kind: "drop-before" | "drop-after" | "throttle" | "revoke",
      times = 1,
    ) => under.fault({ kind, action: traits.change[change], times });

    describe("when it lists a pool", () => {
      it("answers the pool's addresses and no other, in the pool's order", async () => {
        const ascending = await under.cloud.listAddresses(under.pool({ orderBy: "ip" }));
        expect(ascending.map(({ ip }) => ip)).toEqual([first, second, "203.0.113.10"]);
        const descending = await under.cloud.listAddresses(under.pool({ orderBy: "-ip" }));
        expect(descending.map(({ ip }) => ip)).toEqual(["203.0.113.10", second, first]);
        expect(ascending.every(({ attachedTo }) => attachedTo === null)).toBe(true);
      });

      it("takes an explicit list by IP or id, and holds it against the other ways", async () => {
        const [one] = await under.cloud.listAddresses(under.pool());
        const addresses = [one?.id ?? "", second];
        const ips = async (more: Partial<Pool>) =>
          (await under.cloud.listAddresses(under.pool(more))).map(({ ip }) => ip);
        expect(await ips({ select: { addresses } })).toEqual([first, second]);
        const none = traits.wire ? [] : [first, second];
        expect(await ips({ select: { addresses, tags: { pool: "nothing" } } })).toEqual(none);
      });

      it.runIf(traits.wire)("understands the cloud's own filter text and orders by a tag", async () => {
        const ips = async (more: Partial<Pool>) =>
          (await under.cloud.listAddresses(under.pool(more))).map(({ ip }) => ip);
        expect(await ips({ select: { filter: traits.filter.other } })).toEqual(["203.0.113.50"]);
        expect(await ips({ orderBy: "tag:priority" })).toEqual([first, "203.0.113.10", second]);
        const refused = under.cloud.listAddresses(under.pool({ select: { filter: traits.filter.wrong } }));
        await expect(refused).rejects.toMatchObject({ code: "CLOUD_SELECT_INVALID" });
      });

      it("names the machine that carries an address", async () => {
        await attach("node-1", first);
        const [address] = await under.cloud.listAddresses(under.pool());
        expect(address).toMatchObject({ ip: first, attachedTo: under.machine("node-1").id });
      });
    });

    describe("when it describes a node", () => {
      it("tells an ephemeral address from a reserved one", async () => {
        const { id, providerId } = under.machine("node-1");
        const egressIp = await under.egressIp("node-1");
        const expected = { id, providerId, running: true, egressIp, kind: "ephemeral", interfaces: 1 };
        expect(await under.cloud.describeNode(providerId)).toEqual(expected);
        const carrier = await under.cloud.describeNode(under.machine("carrier").providerId);
        expect(carrier).toMatchObject({ kind: "reserved", egressIp: foreignIp });
        const several = await under.cloud.describeNode(under.machine("several").providerId);
        expect(several.interfaces).toBe(2);
      });

      it("refuses a node of another cloud, an unusable providerID and a machine that is not there", async () => {
        const describeNode = (providerId: string) => under.cloud.describeNode(providerId);
        await expect(describeNode(traits.foreignProviderId)).rejects.toMatchObject({ code: "NODE_OTHER_CLOUD" });
        await expect(describeNode("kind://docker/kind/worker")).rejects.toMatchObject({ code: "NODE_OTHER_CLOUD" });
        await expect(describeNode("")).rejects.toMatchObject({ code: "NODE_UNKNOWN" });
        const gone = under.machine("node-1").providerId.replace(/.$/, "f");
        await expect(describeNode(gone)).rejects.toMatchObject({ code: "NODE_UNKNOWN" });
      });
    });

    describe("when it attaches", () => {
      it("puts a free address on the node, with the calls it is said to take", async () => {
        const work = await job("node-1", first);
        expect(await under.cloud.attach(under.pool(), work)).toEqual({ ip: first, hadEphemeral: true });
        expect(actions()).toEqual(traits.calls.attach);
        expect(await under.egressIp("node-1")).toBe(first);
      });

      it("answers the same when it is done again, and changes nothing", async () => {
        await attach("node-1", first);
        expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
        expect(actions()).toEqual(traits.calls.again);
        expect(await under.holder(first)).toBe("node-1");
      });

      it("changes nothing for an actor whose right to work has ended", async () => {
        const before = await under.egressIp("node-1");
        const late = { ...(await job("node-1", first)), stillMine: () => false };
        await expect(under.cloud.attach(under.pool(), late)).rejects.toMatchObject({ code: "LOCK_LOST" });
        expect(await under.holder(first)).toBeNull();
        expect(await under.egressIp("node-1")).toBe(before);
      });

      it("leaves an address where another node has it", async () => {
        await attach("node-1", first);
        const before = await under.egressIp("node-2");
        await expect(attach("node-2", first)).rejects.toMatchObject({ code: "ADDRESS_TAKEN" });
        expect(await under.holder(first)).toBe("node-1");
        expect(await under.egressIp("node-2")).toBe(before);
      });

      it("lets exactly one of two nodes have an address both want at once", async () => {
        const [one, two] = [await job("node-1", first), await job("node-2", first)];
        const results = await Promise.allSettled([
          under.cloud.attach(under.pool(), one),
          under.cloud.attach(under.pool(), two),
        ]);
        expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
        const winner = results[0].status === "fulfilled" ? "node-1" : "node-2";
        expect(await under.holder(first)).toBe(winner);
        const loser = winner === "node-1" ? "node-2" : "node-1";
        expect(await under.egressIp(loser)).toMatch(/^198\.18\./);
      });

      it("says that an address is not there", async () => {
        const work = await job("node-1", first);
        const missing = { ip: "203.0.113.99", id: traits.name === "aws" ? `eipalloc-${"9".repeat(17)}` : "nowhere" };
        const attempt = under.cloud.attach(under.pool(), { ...work, address: missing });
        await expect(attempt).rejects.toMatchObject({ code: "ADDRESS_MISSING" });
        expect(await under.egressIp("node-1")).toMatch(/^198\.18\./);
      });

      it("does not displace a foreign static address", async () => {
        await expect(attach("carrier", first)).rejects.toMatchObject({ code: "NODE_FOREIGN_ADDRESS" });
        expect(await under.egressIp("carrier")).toBe(foreignIp);
        expect(actions()).not.toContain(traits.wire ? traits.change.attach : "");
      });

      it("does not displace another address of the pool", async () => {
        await attach("node-1", first);
        await expect(attach("node-1", second)).rejects.toMatchObject({ code: "NODE_FOREIGN_ADDRESS" });
        expect(await under.egressIp("node-1")).toBe(first);
      });

      it.skipIf(traits.privateNodes.length === 0)("refuses a node in a private subnet", async () => {
        for (const node of traits.privateNodes) {
          await expect(attach(node, first)).rejects.toMatchObject({ code: "NODE_PRIVATE" });
        }
        expect(await under.holder(first)).toBeNull();
      });

      it("refuses a node of another cloud", async () => {
        const work = await job("node-1", first);
        const machine = { id: "x", providerId: traits.foreignProviderId };
        const attempt = under.cloud.attach(under.pool(), { ...work, machine });
        await expect(attempt).rejects.toMatchObject({ code: "NODE_OTHER_CLOUD" });
      });
    });

    describe("when it detaches", () => {
      it("frees the address and the node gets an ephemeral one back", async () => {
        await attach("node-1", first);
        const work = await job("node-1", first);
        const result = await under.cloud.detach(under.pool(), work);
        expect(result.outcome).toBe("detached");
        expect(actions().toSorted()).toEqual(traits.calls.detach.toSorted());
        expect(await under.holder(first)).toBeNull();
        await expect.poll(() => under.egressIp("node-1"), { timeout: 20_000 }).toMatch(/^198\.18\./);
      });

      it("changes nothing the second time", async () => {
        await attach("node-1", first);
        await detach("node-1", first);
        expect(await detach("node-1", first)).toMatchObject({ outcome: "absent" });
        expect(actions()).not.toContain(traits.wire ? traits.change.detach : "");
      });

      it("leaves an address that another node has by now", async () => {
        await attach("node-2", first);
        expect(await detach("node-1", first)).toMatchObject({ outcome: "absent" });
        expect(await under.holder(first)).toBe("node-2");
      });

      it("answers absent for a machine that is gone", async () => {
        const work = await job("node-1", first);
        const { id, providerId } = work.machine;
        const machine = { id: id.replace(/.$/, "f"), providerId: providerId.replace(/.$/, "f") };
        expect(await under.cloud.detach(under.pool(), { ...work, machine })).toMatchObject({ outcome: "absent" });
      });

      it.each(["keep", "keepUntilNodeGone", "release"] as const)(
        "on a node with several interfaces does as onRelease %s says",
        async (onRelease) => {
          await attach("several", first);
          const keeps = traits.losesEphemeral && onRelease !== "release";
          const result = await detach("several", first, onRelease);
          expect(result.outcome).toBe(keeps ? "kept" : "detached");
          expect(await under.holder(first)).toBe(keeps ? "several" : null);
          expect(await under.egressIp("several")).toBe(keeps ? first : result.egressIp);
        },
      );
    });

    describe.runIf(traits.wire)("when the wire or the cloud fails", () => {
      it("finds out that an attach was applied although every answer was lost", async () => {
        await faultOn("attach", "drop-after", 3);
        expect(await attach("node-1", first)).toMatchObject({ ip: first });
        expect(await under.holder(first)).toBe("node-1");
      });

      it("attaches although a request was lost", async () => {
        await faultOn("attach", "drop-before");
        expect(await attach("node-1", first)).toEqual({ ip: first, hadEphemeral: true });
      });

      it("finds out that a detach was applied although its answer was lost", async () => {
        await attach("node-1", first);
        await faultOn("detach", "drop-after");
        expect(await detach("node-1", first)).toMatchObject({ outcome: "detached" });
        expect(await under.holder(first)).toBeNull();
      });

      it("never answers success for a detach that was not applied", async () => {
        await attach("node-1", first);
        await faultOn("detach", "drop-before", 3);
        await expect(detach("node-1", first)).rejects.toMatchObject({
          code: expect.stringMatching(/^CLOUD_(UNKNOWN|UNAVAILABLE)$/) as string,
        });
        expect(await under.holder(first)).toBe("node-1");
      });

      it("gets through when it was throttled", async () => {
        await faultOn("attach", "throttle");
        expect(await attach("node-1", first)).toMatchObject({ ip: first });
      });

      it("says so when it was throttled to the end, and has changed nothing", async () => {
        await attach("node-1", first);
        await faultOn("detach", "throttle", 10);
        await expect(detach("node-1", first)).rejects.toMatchObject({ code: "CLOUD_THROTTLED" });
        expect(await under.holder(first)).toBe("node-1");
      });

      it("names the action that is not allowed, and has changed nothing", async () => {
        await attach("node-1", first);
        await faultOn("detach", "revoke");
        const attempt = detach("node-1", first);
        await expect(attempt).rejects.toMatchObject({
          code: "CLOUD_DENIED",
          message: expect.stringContaining(traits.change.detach) as string,
        });
        expect(await under.holder(first)).toBe("node-1");
      });
    });
  });
}
