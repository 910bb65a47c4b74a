import { describe, expect, it } from "vitest";
import { parseFilters } from "../../../shared/clouds/aws/filter.ts";

describe("parseFilters", () => {
  it.each([
    ["Name=tag:env,Values=prod", [{ Name: "tag:env", Values: ["prod"] }]],
    ["Name=tag:env,Values=prod,test;", [{ Name: "tag:env", Values: ["prod", "test"] }]],
    [
      "Name=tag:env,Values=prod; Name=domain,Values=vpc",
      [
        { Name: "tag:env", Values: ["prod"] },
        { Name: "domain", Values: ["vpc"] },
      ],
    ],
    ["Name=tag:expr,Values=a=b,c==d", [{ Name: "tag:expr", Values: ["a=b", "c==d"] }]],
    ["Name=tag:a=b,Values=c", [{ Name: "tag:a=b", Values: ["c"] }]],
    ['Name=tag:list,Values="a,b",c', [{ Name: "tag:list", Values: ["a,b", "c"] }]],
    ["Name=tag:semicolon,Values=a;b", [{ Name: "tag:semicolon", Values: ["a;b"] }]],
    ['Name=tag:empty,Values=""', [{ Name: "tag:empty", Values: [""] }]],
  ])("reads %s", (text, expected) => {
    expect(parseFilters(text)).toEqual(expected);
  });

  it.each([
    "tag:env=prod",
    "Name=tag:env",
    "Name=,Values=a",
    "Name=tag:env,Values=",
    ";",
    "Name=a,Values=b,",
    "Name=a,Values=b,,c",
  ])("refuses %s, saying what was seen and what is accepted", (text) => {
    expect(() => parseFilters(text)).toThrow(
      expect.objectContaining({
        code: "CLOUD_SELECT_INVALID",
        message: expect.stringMatching(/select\.filter is '.*accepted: 'Name=tag:env/s) as string,
      }),
    );
  });
});
