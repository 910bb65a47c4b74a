import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lineOf } from "../../../shared/clouds/limits.ts";

const page = readFileSync(new URL("../../../docs/clouds.md", import.meta.url), "utf8");

describe("lineOf", () => {
  it.each(["aws", "gcp"] as const)("has the limits that docs/clouds.md says, for %s", (cloud) => {
    const line = lineOf({ cloud, region: "<region>", project: "<project>" });
    const { bucket = "", limits = { burst: 0, perSecond: 0 } } = line ?? {};
    expect(page).toContain(`| \`${bucket}\` | ${limits.burst} | ${limits.perSecond} |`);
  });

  it("is one for all pools of an account and region, and none in memory", () => {
    expect(lineOf({ cloud: "aws", region: "eu-west-1" })).toEqual(lineOf({ cloud: "aws", region: "eu-west-1" }));
    expect(lineOf({ cloud: "aws", region: "eu-west-1" })?.bucket).not.toBe(
      lineOf({ cloud: "aws", region: "eu-west-2" })?.bucket,
    );
    expect(lineOf({ cloud: "memory", region: "local" })).toBeNull();
  });

  it("stays within what EC2 lets an account change, 50 at once, and slower than the 5 a second that come back", () => {
    const { burst, perSecond } = lineOf({ cloud: "aws", region: "eu-west-1" })?.limits ?? {};
    expect([burst, perSecond]).toSatisfy(([atOnce, then]: number[]) => (atOnce ?? 99) <= 50 && (then ?? 99) < 5);
  });
});
