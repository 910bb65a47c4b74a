import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { redisProgram, startRedis } from "../support/redis.ts";
import { fillLedger, uids } from "./cli-scene.ts";
import { buildPrograms } from "./demo-build.ts";

const redisUrl = inject("redisUrl");
const installation = `test-${randomUUID()}`;
let directory: string;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const program = join(directory, "dist/cli/main.js");
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], { env }, (failure, out, error) => {
      resolve({ code: failure === null ? 0 : Number(failure.code), out, error });
    });
  });
}
const words = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

beforeAll(async () => {
  directory = await buildPrograms("cli");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.skipIf(redisUrl === "")("static-egress, over Redis", () => {
  const env = { REDIS_URL: redisUrl, STATIC_EGRESS_INSTALLATION: installation };

  beforeAll(async () => {
    const ledger = connectLedger(redisUrl, { installation });
    await fillLedger(ledger);
    await ledger.close();
  });
  afterAll(async () => {
    const redis = new Redis(redisUrl);
    await redis.del(await redis.keys(`static-egress:{${installation}}:*`));
    redis.disconnect();
  });

  it("pools: counts of each pool", async () => {
    const { out, code } = await run(["pools"], env);
    expect(code).toBe(0);
    expect(words(out)).toEqual([
      ["POOL", "CLOUD", "REGION", "TOTAL", "FREE", "ATTACHED", "LEASES", "WAITING"],
      ["archive", "-", "-", "1", "0", "1", "1", "0"],
      ["internal", "aws", "eu-west-1", "3", "1", "1", "0", "0"],
      ["partners", "aws", "eu-west-1", "2", "0", "2", "3", "1"],
      [""],
    ]);
  });

  it("leases: who holds what until when, who waits and why, by filter", async () => {
    const { out } = await run(["leases", "--pool", "partners", "--namespace", "payments"], env);
    const rows = words(out).map((row) => row.filter((_, column) => column !== 5 && column !== 6));
    expect(rows).toEqual([
      ["POD", "POOL", "NODE", "ADDRESS", "STATE", "REASON"],
      ["payments/biller-1", "partners", "worker-1", "203.0.113.7", "held", "-"],
      ["payments/biller-2", "partners", "worker-1", "203.0.113.7", "draining", "-"],
      ["payments/nightly-1", "partners", "worker-3", "-", "waiting #1", "exhausted"],
      [""],
    ]);
  });

  it("nodes -o json: rows with times in milliseconds", async () => {
    const { out } = await run(["nodes", "-o", "json", "--node", "worker-2", "--redis", redisUrl], env);
    const { at, nodes } = JSON.parse(out) as { at: string; nodes: { sinceMs: number }[] };
    expect(nodes).toMatchObject([
      { machine: "i-0a1b2c3d4e5f60712", address: "203.0.113.8", state: "attached", leases: 1 },
    ]);
    expect(Math.abs(Date.parse(at) - (nodes[0]?.sinceMs ?? 0))).toBeLessThan(60_000);
  });

  it("addresses: where each is", async () => {
    const { out } = await run(["addresses"], env);
    expect(words(out)[6]).toEqual(["203.0.113.8", "partners", "attached", "worker-2"]);
  });

  it("an installation that is not there: says which are", async () => {
    const { code, error } = await run(["leases", "--installation", "nobody"], env);
    expect(code).toBe(1);
    expect(error).toMatch(/^static-egress: LEDGER_ABSENT: .*'nobody'.*found: .*test-.* Check --redis.*\n$/);
  });

  const canReplicate = redisProgram() !== undefined && redisUrl !== "" && new URL(redisUrl).password === "";
  it.skipIf(!canReplicate)("reads from a replica, too", async () => {
    const { hostname, port } = new URL(redisUrl);
    const replica = await startRedis(["--replicaof", `${hostname} ${port}`]);
    if (replica === undefined) throw new Error("the replica did not start");
    const redis = new Redis(replica.url);
    const key = `static-egress:{${installation}}:pods`;
    await expect.poll(() => redis.hexists(key, uids.biller), { timeout: 15_000 }).toBe(1);
    redis.disconnect();
    const { code, out, error } = await run(["pools", "--redis", replica.url], env);
    await replica.stop();
    expect({ code, error, lines: words(out).length }).toEqual({ code: 0, error: "", lines: 5 });
  });
});

describe("static-egress, without a ledger", () => {
  it("a Redis that does not answer: which, and why; never the password", async () => {
    const { code, out, error } = await run(["pools", "--redis", "redis://user:secret@127.0.0.1:1"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toBe(
      "static-egress: LEDGER_UNREACHABLE: Redis at 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1. " +
        "Check REDIS_URL and that Redis answers; nothing was changed.\n",
    );
  });

  it.each([
    ["no Redis URL", ["pools", "--redis", "http://localhost"], /accepted: redis:/],
    ["an unknown format", ["pools", "-o", "xml"], /Allowed choices are table, wide, json/],
    ["an unknown command", ["pols"], /unknown command 'pols'/],
    ["an argument too many", ["pools", "partners"], /too many arguments/],
    ["an unknown shell", ["completion", "tcsh"], /accepted: bash, zsh, fish/],
    ["no command", [], /Usage: static-egress/],
  ])("%s: exit code 2", async (_what, argv, said) => {
    const { code, error } = await run(argv);
    expect(code).toBe(2);
    expect(error).toMatch(said);
  });

  it("--help of a command names every option and never the value of REDIS_URL", async () => {
    const { code, out } = await run(["leases", "--help"], { REDIS_URL: "redis://user:secret@redis:6379" });
    expect(code).toBe(0);
    for (const option of ["--redis", "--installation", "--output", "--pool", "--node", "--namespace"]) {
      expect(out).toContain(option);
    }
    expect(out).not.toContain("secret");
  });

  it("completion: a script for each shell", async () => {
    const scripts = await Promise.all(["bash", "zsh", "fish"].map((shell) => run(["completion", shell])));
    for (const { code, out } of scripts) expect([code, out]).toEqual([0, expect.stringContaining("leases")]);
  });
});
