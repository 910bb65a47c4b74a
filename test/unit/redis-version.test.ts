import { describe, expect, it } from "vitest";
import { checkInfo } from "../../shared/ledger/redis/connect.ts";

const info = (...lines: string[]) => ["# Server", ...lines, "redis_mode:standalone", ""].join("\r\n");

describe("the version in INFO", () => {
  for (const lines of [
    ["redis_version:7.0.0"],
    ["redis_version:7.0.15"],
    ["redis_version:10.1.0"],
    ["redis_version:7.2.4", "server_name:valkey", "valkey_version:9.1.0"],
  ]) {
    it(`is new enough: ${lines.join(" ")}`, () => {
      expect(() => checkInfo(info(...lines))).not.toThrow();
    });
  }

  for (const [version, seen] of [
    ["redis_version:6.2.14", "Redis 6.2.14 is too old"],
    ["redis_mode:x", "unknown version"],
    ["os:redis_version:9.0", "unknown version"],
  ] as const) {
    it(`is refused with what was seen and what is accepted: ${version}`, () => {
      expect(() => checkInfo(info(version))).toThrow(
        expect.objectContaining({
          code: "LEDGER_TOO_OLD",
          message: expect.stringMatching(new RegExp(`${seen}.*accepted: Redis 7.0 or Valkey 7.2, or newer`)),
        }),
      );
    });
  }
});
