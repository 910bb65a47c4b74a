import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

const programs = ["redis-server", "valkey-server"];

/** The Redis program on the PATH, or undefined where there is none. */
export function redisProgram(): string | undefined {
  return programs.find((program) => spawnSync(program, ["--version"]).status === 0);
}

/** A free TCP port of the loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A Redis of the test's own, without persistence, gone with `stop`; on a free port, or on `at`. Undefined where no Redis
 * program is installed.
 */
export async function startRedis(extra: readonly string[] = [], at?: number): Promise<TestRedis | undefined> {
  const dir = mkdtempSync(join(tmpdir(), "static-egress-redis-"));
  return launch(["--save", "", "--dir", dir, ...extra], at);
}

/** A Sentinel that watches the primary on that port under the name `ours`, and needs `quorum` of its kind to judge it. */
export async function startSentinel(primary: number, quorum: number): Promise<TestRedis | undefined> {
  const file = join(mkdtempSync(join(tmpdir(), "static-egress-sentinel-")), "sentinel.conf");
  const lines = [
    `monitor ours 127.0.0.1 ${primary} ${quorum}`,
    "down-after-milliseconds ours 1000",
    "failover-timeout ours 5000",
  ];
  writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(""));
  return launch([file, "--sentinel"]);
}

async function launch(args: readonly string[], at?: number): Promise<TestRedis | undefined> {
  const program = redisProgram();
  if (program === undefined) return undefined;
  const port = at ?? (await freePort());
  const child = spawn(program, [...args, "--port", String(port)], { stdio: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  await answers(url, child);
  return { url, stop: () => end(child) };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: 200 });
  redis.on("error", () => undefined); // refused until it listens
  try {
    await redis.ping();
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    redis.disconnect();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  child.kill("SIGTERM");
  await gone;
}
