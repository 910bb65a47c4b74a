import { spawn, spawnSync } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import { codeOf } from "../../shared/errors.ts";
import { openRedis } from "../inspection/open-redis.ts";

/** A Redis for the demo. `stop` leaves nothing of the demo in it, and ends it if the demo started it. */
export interface DemoRedis {
  readonly url: string;
  readonly installation: string;
  /** For people. */
  readonly what: string;
  stop(): Promise<void>;
}

const programs = ["redis-server", "valkey-server"];

/** The user's own Redis: throws LEDGER_… when it does not serve. Other installations in it are left alone. */
export async function useRedis(url: string): Promise<DemoRedis> {
  const installation = `demo-${process.pid}`;
  const redis = await openRedis(url);
  return {
    url,
    installation,
    what: "the Redis of REDIS_URL",
    async stop() {
      await forget(redis, installation);
      redis.disconnect();
    },
  };
}

/** Starts a Redis from the PATH on a free port, without persistence; or says why there is none. */
export async function startRedis(dir: string): Promise<DemoRedis | string> {
  const program = programs.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
  if (program === undefined) return `neither REDIS_URL nor ${programs.join(" nor ")} on the PATH`;
  const port = await freePort();
  const options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir];
  // A process group of its own: a Ctrl-C must not end it before the leases are released.
  const child = spawn(program, options.map(String), { stdio: "ignore", detached: true });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const kill = () => void child.kill("SIGKILL");
  process.on("exit", kill);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await gone;
    process.off("exit", kill);
  };
  const url = `redis://127.0.0.1:${port}`;
  const problem = await answers(url);
  if (problem === null) return { url, installation: "default", what: `a ${program} of its own`, stop };
  await stop();
  return `${program} cannot be used: ${problem}`;
}

async function answers(url: string): Promise<string | null> {
  for (const deadline = performance.now() + 5000; ;) {
    try {
      (await openRedis(url)).disconnect();
      return null;
    } catch (error) {
      const late = performance.now() > deadline;
      if (codeOf(error) !== "LEDGER_UNREACHABLE" || late) return error instanceof Error ? error.message : String(error);
      await after(50);
    }
  }
}

async function forget(redis: Redis | Cluster, installation: string): Promise<void> {
  const nodes = "nodes" in redis ? redis.nodes("master") : [redis];
  for (const node of nodes) {
    for await (const keys of node.scanStream({ match: `static-egress:{${installation}}:*`, count: 500 })) {
      if ((keys as string[]).length > 0) await redis.del(keys as string[]);
    }
  }
}

async function freePort(): Promise<number> {
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
