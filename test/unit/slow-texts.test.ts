import { describe, expect, it } from "vitest";
import { parseFilters } from "../../shared/clouds/aws/filter.ts";
import { readRedisUrl } from "../../shared/ledger/redis/url.ts";
import { parsePools } from "../../shared/pools/file.ts";
import { speakerOf } from "../../webhook/lease-api/credentials.ts";

/** Texts that keep a careless regular expression busy, as long as they may be. */
const spiteful = (length: number): string[] =>
  [
    ["Name=a,", " ", ""],
    ["Name=a", ",", "!"],
    ["", "Name=a,Values=", '"'],
    ["Name=", ",Values=", ";"],
    ["Name=a,Values=b", "; ", "Name"],
    ["Name=a,Values=", '"",', '"'],
    ["redis://", "a:", "@"],
    ["Bearer ", "a", "\u0000"],
    ["Lease ", "a-", "."],
    ["", "a-", "!"],
  ].map(([begin = "", again = "", end = ""]) => `${begin}${again.repeat(length)}`.slice(0, length - end.length) + end);

function longestMs(texts: readonly string[], read: (text: string) => unknown): number {
  const times = texts.map((text) => {
    const startedAt = performance.now();
    try {
      read(text);
    } catch {
      // refused: fine
    }
    return performance.now() - startedAt;
  });
  return Math.max(...times);
}
const refuse = () => Promise.reject(new Error("not asked"));
const pools = (field: string) => `pools: [{ name: a, cloud: aws, region: r, select: { ${field} } }]`;

describe("a text that is made to be slow", () => {
  it.each<[string, number, (text: string) => unknown]>([
    ["a pool's filter", 2048, parseFilters],
    ["a Redis URL", 2048, readRedisUrl],
    [
      "credentials",
      12_000,
      (authorization) => void speakerOf({ headers: { authorization }, ip: "" }, refuse).catch(() => undefined),
    ],
    ["a field of pools.yaml", 100_000, (text) => parsePools(pools(`tags: { ${JSON.stringify(text)}: a }`))],
  ])("%s: is read or refused in no time", (_, length, read) => {
    expect(longestMs(spiteful(length), read)).toBeLessThan(500);
  });

  it("is no filter when it is longer than 2,048 letters", () => {
    expect(() => parsePools(pools(`filter: ${"a".repeat(2049)}`))).toThrow("pools[0].select.filter");
  });
});
