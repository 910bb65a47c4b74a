import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { redisProgram, startRedis } from "../support/redis.ts";
import { fillLedger, uids } from "./cli-scene.ts";
import { builtCli } from "./cli-run.ts";

const redisUrl = inject("redisUrl");
const installation = `test-${randomUUID()}`;
const { run, directory } = builtCli();
const words = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

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
      ["internal", "aws", "eu-west-1", "3", "1", "0", "0", "0"],
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

  it("-o name: what other commands take, a line each; -o yaml: as json", async () => {
    const names = await run(["leases", "-o", "name", "--pool", "partners"], env);
    expect(names.out.split("\n").filter(Boolean).toSorted()).toEqual([
      "payments/biller-1",
      "payments/biller-2",
      "payments/nightly-1",
      "reports/weekly-1",
    ]);
    const yaml = await run(["pools", "-o", "yaml", "--pool", "internal"], env);
    expect(parse(yaml.out)).toMatchObject({ pools: [{ pool: "internal", total: 3 }] });
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
    ["an unknown format", ["pools", "-o", "xml"], /Allowed choices are table, wide, json, yaml, name/],
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

  it.each([
    ["a command", ["why"], ["why-waiting"]],
    ["what is below one", ["explain", "p"], ["pod"]],
    ["an option", ["leases", "--names"], ["--namespace"]],
    ["a format", ["nodes", "-o", ""], ["table", "wide", "json", "yaml", "name"]],
  ])("completion in bash completes %s", async (_what, typed, wanted) => {
    const { out } = await run(["completion", "bash"]);
    const words = ["static-egress", ...typed].map((word) => `'${word}'`).join(" ");
    const ask = `COMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _static_egress; echo "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", `${out}\n${ask}`]);
    expect(stdout.trim().split(" ")).toEqual(wanted);
  });

  it("as kubectl's plugin: the same program, by the name that kubectl looks for", async () => {
    const plugin = join(directory(), "kubectl-static_egress");
    await symlink(join(directory(), "dist/cli/main.js"), plugin);
    const { stdout } = await promisify(execFile)(process.execPath, [plugin, "explain", "--help"]);
    expect(stdout).toMatch(/^Usage: kubectl static-egress explain/);
  });
});
