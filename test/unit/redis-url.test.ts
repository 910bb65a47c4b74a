import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "../../shared/ledger/redis/connect.ts";
import { EgressError } from "../../shared/errors.ts";

describe("REDIS_URL", () => {
  for (const url of [
    "redis://redis",
    "redis://redis:6380/3",
    "redis://user:pass@10.0.0.1",
    "redis://:p%40ss@[::1]:6379/0",
    "rediss://redis.example.com:6379",
  ]) {
    it(`takes ${url} as it is`, () => {
      expect(parseRedisUrl(url)).toEqual({ kind: "single", url });
    });
  }

  it("reads sentinels, the master's name, the database and the credentials", () => {
    expect(parseRedisUrl("redis+sentinel://app:p%40s%3As:x@s1,s2:26380,[fd00::1]:26381/main/2")).toEqual({
      kind: "sentinel",
      sentinels: [
        { host: "s1", port: 26379 },
        { host: "s2", port: 26380 },
        { host: "fd00::1", port: 26381 },
      ],
      name: "main",
      options: { username: "app", password: "p@s:s:x", db: 2 },
    });
  });

  it("reads a cluster's nodes", () => {
    expect(parseRedisUrl("redis+cluster://:secret@c1,c2:7000")).toEqual({
      kind: "cluster",
      nodes: [
        { host: "c1", port: 6379 },
        { host: "c2", port: 7000 },
      ],
      options: { password: "secret" },
    });
  });

  for (const [url, why] of [
    ["", "not a URL"],
    ["redis", "not a URL"],
    ["redis://", "not a URL"],
    ["http://h-PLANTED", "unknown scheme"],
    ["redis://:PLANTED@a,b", "one host"],
    ["redis://:PLANTED@host/name", "number of a database"],
    ["redis://:PLANTED@host:99999", "a host or port"],
    ["redis://:PLANTED@host:", "a host or port"],
    ["redis://:PLANTED@@host", "not a URL"],
    ["redis://user:PLA/NTED@host", "not a URL"],
    ["redis://:PLANTED%zz@host", "percent-encoded"],
    ["redis+sentinel://:PLANTED@s1", "master's name"],
    ["redis+sentinel://:PLANTED@s1,/main", "a host or port"],
    ["redis+sentinel://:PLANTED@::1/main", "a host or port"],
    ["redis+sentinel://:PLANTED@s1/main/two", "not a URL"],
    ["redis+cluster://:PLANTED@c1/0", "hosts alone"],
  ] as const) {
    it(`refuses ${JSON.stringify(url)}, says what is accepted and never repeats it`, () => {
      const error = (() => {
        try {
          return parseRedisUrl(url);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error).toBeInstanceOf(EgressError);
      const { code, message } = error as EgressError;
      expect(code).toBe("CONFIG_INVALID");
      expect(message).toContain(why);
      expect(message).toContain("accepted: redis://");
      expect(message).not.toMatch(/PLA|NTED/);
    });
  }
});
