import { describe, expect, it } from "vitest";
import { parseProviderId, zoneIsIn } from "../../../shared/clouds/provider-id.ts";

describe("parseProviderId", () => {
  it.each([
    ["aws:///eu-west-1a/i-0abc", { cloud: "aws", zone: "eu-west-1a", instance: "i-0abc" }],
    [
      "gce://my-project/europe-west1-b/node-1",
      { cloud: "gcp", project: "my-project", zone: "europe-west1-b", instance: "node-1" },
    ],
    [
      "gce://example.com:my-project/europe-west1-b/node-1",
      { cloud: "gcp", project: "example.com:my-project", zone: "europe-west1-b", instance: "node-1" },
    ],
    ["memory:///node-1", { cloud: "memory", instance: "node-1" }],
    ["azure:///subscriptions/x", { cloud: "other", scheme: "azure" }],
    ["kind://docker/kind/worker", { cloud: "other", scheme: "kind" }],
  ])("reads %s", (text, expected) => {
    expect(parseProviderId(text)).toEqual(expected);
  });

  it.each(["", "node-1", "aws:///eu-west-1a/fargate-ip-10-0-0-1", "aws:///i-0abc", "gce://p/z", "memory:///"])(
    "refuses '%s' and says what is accepted",
    (text) => {
      expect(() => parseProviderId(text)).toThrow(
        expect.objectContaining({ code: "NODE_UNKNOWN", message: expect.stringContaining("accepted: ") as string }),
      );
    },
  );
});

describe("zoneIsIn", () => {
  it.each([
    ["eu-west-1a", "eu-west-1", true],
    ["us-west-2-lax-1a", "us-west-2", true],
    ["europe-west1-b", "europe-west1", true],
    ["eu-west-1a", "eu-west-2", false],
    ["europe-west10-a", "europe-west1", false],
    ["eu-west-1", "eu-west-1", false],
  ])("%s, %s: %s", (zone, region, expected) => {
    expect(zoneIsIn(zone, region)).toBe(expected);
  });
});
