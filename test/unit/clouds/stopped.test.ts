import { describe, expect, it } from "vitest";
import type { AwsCalls } from "../../../shared/clouds/aws/calls.ts";
import { readNode } from "../../../shared/clouds/aws/machine.ts";
import type { GcpCalls } from "../../../shared/clouds/gcp/calls.ts";
import { cloudOver } from "../../../shared/clouds/gcp/over-calls.ts";

/** As EC2 shows it: a terminated instance is listed for a while, without interfaces. */
const aws = (state: "stopped" | "terminated" | undefined) => {
  const nic = { NetworkInterfaceId: "eni-1", Attachment: { DeviceIndex: 0 } };
  const NetworkInterfaces = state === "terminated" ? [] : [nic];
  const describeInstance = async () =>
    state === undefined ? undefined : { InstanceId: "i-1", State: { Name: state }, NetworkInterfaces };
  return readNode({ describeInstance } as unknown as AwsCalls, "aws:///eu-west-1a/i-1", "eu-west-1");
};

/** GCE calls a stopped instance TERMINATED, and knows nothing of a deleted one. */
const gcp = (state: "stopped" | undefined) => {
  const instance = { id: "77", name: "n", status: "TERMINATED", networkInterfaces: [{ name: "nic0" }] };
  const getInstance = async () => (state === undefined ? undefined : instance);
  const calls = { getInstance, listAddresses: async () => [] } as unknown as GcpCalls;
  const cloud = cloudOver(calls, { project: "p", region: "europe-west1" });
  return cloud.describeNode("gce://p/europe-west1-b/n");
};

describe("describeNode", () => {
  describe("when the instance is stopped", () => {
    it.each([
      ["AWS", aws],
      ["GCP", gcp],
    ])("says on %s that it does not run", async (_, read) => {
      expect(await read("stopped")).toMatchObject({ running: false });
    });
  });

  describe("when the instance is terminated, or there is none", () => {
    it("throws NODE_UNKNOWN", async () => {
      for (const read of [() => aws("terminated"), () => aws(undefined), () => gcp(undefined)]) {
        await expect(read()).rejects.toMatchObject({ code: "NODE_UNKNOWN" });
      }
    });
  });
});
