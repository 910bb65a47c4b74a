import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assignment, type CloudUnderTest } from "./harness.ts";

const first = "203.0.113.8";

/** What EC2's request buckets ask of us. */
export function awsCallCases(start: () => Promise<CloudUnderTest>): void {
  describe("aws cloud's calls", () => {
    let under: CloudUnderTest;
    beforeEach(async () => {
      under = await start();
    });
    afterEach(() => under.close());
    const count = (action: string) => under.calls.filter((call) => call.action === action).length;

    it("are one for several machines that are asked for at once, one of them gone", async () => {
      const providerIds = ["node-1", "node-2", "several"].map((name) => under.machine(name).providerId);
      const gone = under.machine("node-1").providerId.replace(/.$/, "f");
      const results = await Promise.allSettled([...providerIds, gone].map((id) => under.cloud.describeNode(id)));
      expect(count("DescribeInstances")).toBe(1);
      const seen = results.map((result) => (result.status === "fulfilled" ? result.value.providerId : "none"));
      expect(seen).toEqual([...providerIds, "none"]);
      expect(results[3]).toMatchObject({ reason: { code: "NODE_UNKNOWN" } });
    });

    it("are not repeated when the right to work has ended meanwhile: another address could be displaced", async () => {
      await under.fault({ kind: "drop-before", action: "AssociateAddress", times: 1 });
      const stillMine = () => count("AssociateAddress") === 0;
      const work = { ...(await assignment(under, "node-1", first)), stillMine };
      await expect(under.cloud.attach(under.pool(), work)).rejects.toMatchObject({ code: "LOCK_LOST" });
      expect(await under.egressIp("node-1")).toMatch(/^198\.18\./);
    });

    it("are two at most where EC2 throttles: the next ones are the ledger's to time", async () => {
      await under.fault({ kind: "throttle", action: "AssociateAddress", times: 10 });
      const work = await assignment(under, "node-1", first);
      await expect(under.cloud.attach(under.pool(), work)).rejects.toMatchObject({ code: "CLOUD_THROTTLED" });
      expect(count("AssociateAddress")).toBe(2);
      expect(await under.egressIp("node-1")).toMatch(/^198\.18\./);
    });
  });
}
