import { describe, expect, it } from "vitest";
import { createClouds } from "../../../shared/clouds/clouds.ts";

describe("createClouds", () => {
  it("makes one client per cloud, project and region", async () => {
    const clouds = createClouds({ awsEndpoint: "http://127.0.0.1:1" });
    const ireland = await clouds.forPool({ cloud: "aws", region: "eu-west-1" });
    expect(await clouds.forPool({ cloud: "aws", region: "eu-west-1" })).toBe(ireland);
    expect(await clouds.forPool({ cloud: "aws", region: "eu-west-2" })).not.toBe(ireland);
  });

  it("has one in-memory cloud, whatever the region", async () => {
    const clouds = createClouds();
    const one = await clouds.forPool({ cloud: "memory", region: "here" });
    expect(await clouds.forPool({ cloud: "memory", region: "there" })).toBe(one);
    expect(await createClouds({ memoryCloud: one }).forPool({ cloud: "memory", region: "here" })).toBe(one);
  });
});
