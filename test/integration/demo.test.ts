import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { redisProgram } from "../support/redis.ts";
import { buildPrograms } from "./demo-build.ts";

const redisUrl = inject("redisUrl");
const path = process.env["PATH"] ?? "";
/** Without any program on it: no Redis can be found. */
const emptyPath = "/nonexistent";
let directory: string;

interface Demo {
  readonly child: ChildProcess;
  text(): string;
  readonly code: Promise<number | null>;
}

function start(argv: readonly string[], env: Record<string, string>): Demo {
  const child = spawn(process.execPath, [join(directory, "dist/demo/main.js"), ...argv], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // its process group is what a terminal's Ctrl-C goes to
  });
  let text = "";
  const add = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  const code = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { child, text: () => text, code };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  directory = await buildPrograms("demo", "sidecar");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("npm start -- --once", () => {
  it.skipIf(redisUrl === "")("tells a story that is true, with real sidecars, and leaves no key behind", async () => {
    const demo = start(["--once", "--pods", "4"], { REDIS_URL: redisUrl, PATH: path });
    expect(await demo.code, demo.text()).toBe(0);
    expect(demo.text()).toMatch(/sidecars  each a process[\s\S]*A sidecar is killed[\s\S]*ended: nothing/);
    expect(demo.text().match(/ true: /g)).toHaveLength(12);
    const redis = new Redis(redisUrl);
    expect(await redis.keys(`static-egress:{demo-${demo.child.pid}}*`)).toEqual([]);
    redis.disconnect();
  });

  it("tells it without Redis, too, and says so loudly", async () => {
    const demo = start(["--once", "--pods", "3", "--nodes", "2"], { PATH: emptyPath });
    expect(await demo.code, demo.text()).toBe(0);
    expect(demo.text()).toContain("IN MEMORY: NO REDIS");
    expect(demo.text()).toContain("  true: every address is free, in the ledger and in the cloud");
  });

  it("ends with 1 when it could not tell all of it", async () => {
    const demo = start(["--once"], { PATH: emptyPath });
    await expect.poll(() => demo.text(), { timeout: 30_000 }).toContain("web-1: its app starts");
    demo.child.kill("SIGINT");
    expect(await demo.code).toBe(1);
    expect(demo.text()).toContain("interrupted before its end");
    const kept = /The logs are kept in (.+)/.exec(demo.text())?.[1] ?? "";
    expect(existsSync(kept)).toBe(true);
    await rm(kept, { recursive: true });
  });
});

describe.skipIf(redisProgram() === undefined)("npm start, without a terminal", () => {
  it("goes on until Ctrl-C, and then leaves no process and no file", async () => {
    const demo = start(["--pods", "3"], { PATH: path });
    await expect.poll(() => demo.text(), { timeout: 40_000 }).toContain("web-2: its app starts");
    const url = /redis:\/\/[^,]+/.exec(demo.text())?.[0] ?? "";
    const files = /^logs +(\S+)/m.exec(demo.text())?.[1] ?? "";
    const pids = globSync(join(files, "pods/*/pid")).map((file) => Number(readFileSync(file, "utf8")));
    expect(pids.length).toBeGreaterThan(1);
    expect(pids.every(lives)).toBe(true);

    process.kill(-(demo.child.pid ?? 0), "SIGINT");
    demo.child.kill("SIGINT"); // as npm forwards what the terminal has sent already
    expect(await demo.code, demo.text()).toBe(0);
    expect(pids.some(lives)).toBe(false);
    expect(existsSync(files)).toBe(false);
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    redis.on("error", () => undefined); // refused: that is what is asked for
    await expect(redis.connect()).rejects.toThrow(/closed|ECONNREFUSED/);
  });
});

describe("npm start, asked wrongly", () => {
  it.each([
    [["--nodes", "1"], /a whole number from 2 to 50/],
    [["--once", "--pods", "3"], /more pods than nodes; seen: 3 pods, 3 nodes/],
    [["--twice"], /unknown option '--twice'/],
  ])("%j: exit code 2", async (argv, said) => {
    const demo = start(argv, { PATH: emptyPath });
    expect(await demo.code).toBe(2);
    expect(demo.text()).toMatch(said);
  });

  it("a Redis that does not answer: exit code 1, and nothing is put in its place", async () => {
    const demo = start(["--once"], { REDIS_URL: "redis://127.0.0.1:1", PATH: path });
    expect(await demo.code).toBe(1);
    expect(demo.text()).toMatch(/LEDGER_UNREACHABLE: Redis at 127\.0\.0\.1:1 does not answer: connect ECONNREFUSED/);
  });
});
