import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { freePort, startRedis } from "../support/redis.ts";
import { buildPrograms } from "./demo-build.ts";
import { type Scene, sidecarScene, startSidecar } from "./sidecar-scene.ts";

const redisUrl = inject("redisUrl");
const soon = { timeout: 30_000, interval: 30 };
/** A sidecar has 1.8 s for a detach; what it does not manage the controller takes over when its time is up (15 s). */
const patient = { timeout: 60_000, interval: 200 };
let build: string;
let scene: Scene;
const changes = () => scene.actions.filter((action) => !action.startsWith("Describe"));
const carrier = (ip: string) => scene.world.addresses.find((address) => address.ip === ip)?.holder?.name;
const freeAfterSweep = async () => {
  await scene.sweep();
  return (await scene.snapshot()).attachments.every(({ node }) => node !== "node-1");
};
const held = async () => (await scene.snapshot()).leases.map(({ podUid }) => podUid);

beforeAll(async () => void (build = await buildPrograms("sidecar")));

describe.skipIf(redisUrl === "")("sidecar process", () => {
  beforeEach(async () => void (scene = await sidecarScene(build, redisUrl, 1)));
  afterEach(() => scene.close());

  it("attaches, is shared, survives a SIGKILL, drains, releases and detaches", { timeout: 120_000 }, async () => {
    const directory = await scene.runDirectory();
    const first = scene.start("pod-1", "node-1", directory);
    await expect.poll(() => first.file("ready"), soon).toBe("203.0.113.10\n");
    expect(carrier("203.0.113.10")).toBe("node-1");
    await expect.poll(() => first.state(), soon).toMatchObject({ phase: "held", ip: "203.0.113.10" });

    const second = scene.start("pod-2", "node-1", await scene.runDirectory());
    await expect.poll(() => second.file("ready"), soon).toBe("203.0.113.10\n");
    expect(changes()).toEqual(["AssociateAddress"]);

    await first.end("SIGKILL");
    expect(await first.file("ready")).toBe("203.0.113.10\n");
    const again = scene.start("pod-1", "node-1", directory);
    await expect.poll(() => again.output(), soon).toContain("address confirmed");
    expect(await again.file("pid")).toBe(`${again.process.pid}\n`);
    expect(changes()).toEqual(["AssociateAddress"]);
    expect(await held()).toHaveLength(2);

    again.process.kill("SIGUSR2");
    await expect.poll(async () => (await again.state())["phase"], soon).toBe("draining");
    await expect
      .poll(async () => (await scene.snapshot()).leases.map(({ state }) => state), soon)
      .toContain("draining");
    expect(again.process.exitCode).toBeNull();
    expect(await again.end("SIGTERM")).toBe(0);
    expect(await held()).toEqual(["pod-2"]);
    expect(carrier("203.0.113.10")).toBe("node-1");

    expect(await second.end("SIGTERM")).toBe(0);
    expect(await held()).toEqual([]);
    await expect.poll(freeAfterSweep, patient).toBe(true);
    expect(changes()).toEqual(["AssociateAddress", "DisassociateAddress"]);
    expect(scene.world.nodes[0]?.ephemeral).not.toBeNull();
  });

  it("waits on a full pool, says its place, and takes the address when it is freed", { timeout: 120_000 }, async () => {
    const first = scene.start("pod-1", "node-1", await scene.runDirectory());
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    const waiting = scene.start("pod-2", "node-2", await scene.runDirectory());
    await expect
      .poll(() => waiting.state(), soon)
      .toMatchObject({ phase: "waiting", reason: "exhausted", position: 1 });
    expect(await waiting.file("ready")).toBe("");
    const gone = scene.start("pod-3", "node-2", await scene.runDirectory());
    await expect.poll(() => gone.state(), soon).toMatchObject({ position: 2 });
    expect(await gone.end("SIGTERM")).toBe(0);
    expect((await scene.snapshot()).waiters.map(({ podUid }) => podUid)).toEqual(["pod-2"]);

    await first.end("SIGTERM");
    await expect.poll(freeAfterSweep, patient).toBe(true);
    await expect.poll(() => waiting.file("ready"), patient).toBe("203.0.113.10\n");
    expect(carrier("203.0.113.10")).toBe("node-2");
  });

  it("leaves a detach that EC2 is slow with to the controller, and ends in time", { timeout: 120_000 }, async () => {
    const first = scene.start("pod-1", "node-1", await scene.runDirectory());
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    scene.before = () => new Promise((resolve) => setTimeout(resolve, 5000).unref());
    const startedAt = performance.now();
    expect(await first.end("SIGTERM")).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(4500); // EC2 answers after 5 s
    const { leases, attachments } = await scene.snapshot();
    expect({ leases, states: attachments.map(({ state }) => state) }).toEqual({ leases: [], states: ["detaching"] });
    await expect
      .poll(() => scene.ledger.begin(scene.world.nodes[0]?.id ?? ""), patient)
      .toMatchObject({ kind: "detach" });
  });

  it("takes over after the work's time when the cloud worker was killed", { timeout: 120_000 }, async () => {
    let killed = false;
    const first = scene.start("pod-1", "node-1", await scene.runDirectory());
    scene.before = async (action) => {
      if (killed || action !== "AssociateAddress") return;
      killed = true;
      const pid = first.process.pid ?? 0;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      process.kill(Number(children.trim()), "SIGKILL");
    };
    await expect.poll(() => first.file("ready"), { timeout: 60_000, interval: 100 }).toBe("203.0.113.10\n");
    expect(killed).toBe(true);
    expect(first.output()).toContain("cloud worker failed");
    expect(carrier("203.0.113.10")).toBe("node-1");
    expect((await scene.snapshot()).attachments).toMatchObject([{ state: "attached" }]);
  });

  it("waits for a Redis that is not there, says so, and can be stopped", async () => {
    const url = `redis://:PLANTED@127.0.0.1:${await freePort()}`;
    const alone = scene.start("pod-1", "node-1", await scene.runDirectory(), { REDIS_URL: url });
    await expect.poll(() => alone.state(), soon).toMatchObject({ phase: "waiting", reason: "LEDGER_UNREACHABLE" });
    expect(alone.process.exitCode).toBeNull();
    expect(await alone.end("SIGTERM")).toBe(0);
    expect(alone.output()).toContain("lease released: given up");
    expect(alone.output()).not.toContain("PLANTED");
    expect((await alone.state())["detail"]).toContain("Redis does not answer");
  });

  it("waits for a Redis that is only a replica, and says so", async () => {
    const replica = await startRedis(["--replicaof", "127.0.0.1", String(await freePort())]);
    const alone = scene.start("pod-1", "node-1", await scene.runDirectory(), { REDIS_URL: replica?.url });
    await expect.poll(() => alone.state(), soon).toMatchObject({ phase: "waiting", reason: "LEDGER_READONLY" });
    await alone.end("SIGKILL");
    await replica?.stop();
  });
});

describe("sidecar process that cannot work", () => {
  it("prints every problem of its environment and exits 1", async () => {
    const bad = startSidecar(build, "/nonexistent", { REDIS_URL: "http://PLANTED", STATIC_EGRESS_LEASE_SECONDS: "x" });
    expect(await bad.end()).toBe(1);
    expect(bad.output()).toContain("CONFIG_INVALID");
    for (const name of ["REDIS_URL", "STATIC_EGRESS_POOL", "STATIC_EGRESS_POD_UID", "STATIC_EGRESS_LEASE_SECONDS"]) {
      expect(bad.output()).toContain(`\n  ${name}: `);
    }
    expect(bad.output()).not.toContain("PLANTED");
  });

  it("says that Redis is too old, and exits 1 with nothing written", async () => {
    const asked: string[] = [];
    const old = await oldRedis(asked);
    const scene = {
      REDIS_URL: `redis://127.0.0.1:${(old.address() as AddressInfo).port}`,
      STATIC_EGRESS_POOL: "partners",
      STATIC_EGRESS_POD_UID: "u",
      STATIC_EGRESS_POD_NAME: "web-1",
      STATIC_EGRESS_POD_NAMESPACE: "apps",
      STATIC_EGRESS_NODE_NAME: "node-1",
      STATIC_EGRESS_SERVICE_ACCOUNT: "default",
      STATIC_EGRESS_RUN_DIR: `${build}/run`,
    };
    const sidecar = startSidecar(build, `${build}/run`, scene);
    expect(await sidecar.end()).toBe(1);
    old.close();
    expect(sidecar.output()).toContain("LEDGER_TOO_OLD: Redis 6.2.14 is too old");
    expect(asked.join(" ")).not.toMatch(/eval|script/i);
  });
});

/** As much of an old Redis as a client sees before its first command. */
async function oldRedis(asked: string[]): Promise<Server> {
  const info = "# Server\r\nredis_version:6.2.14\r\n";
  const server = createServer((socket) => {
    socket.on("data", (data) => {
      for (const command of String(data)
        .split(/\*\d+\r\n/)
        .slice(1)) {
        const name = (command.split("\r\n")[1] ?? "").toLowerCase();
        asked.push(name);
        if (name === "hello") socket.write("-ERR unknown command 'HELLO'\r\n");
        else socket.write(name === "info" ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n");
      }
    });
    socket.on("error", () => undefined); // the sidecar exits without a farewell
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}
