import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { fillPartners } from "../support/ledger-cases.ts";
import { brokerScene, type BrokerScene } from "../support/lease-api/broker-scene.ts";
import { freePort } from "../support/redis.ts";
import { testCertificate } from "../support/webhook-app.ts";
import { buildPrograms } from "./demo-build.ts";
import { podEnvironment, startSidecar, type Sidecar } from "./sidecar-scene.ts";

const soon = { timeout: 30_000, interval: 30 };
/** Renewals come every second. */
/** A stall of some seconds on a busy machine must not look like a renewal that came late. */
const leaseSeconds = 12;
let build: string;
let certificate: Awaited<ReturnType<typeof testCertificate>>;
let tokens: string;
let port: number;
let ledger: Ledger;
let webhook: BrokerScene;
let sidecars: Sidecar[];
let controller: NodeJS.Timeout;

const serve = () => brokerScene(ledger, { leaseMs: leaseSeconds * 1000, port, certificate, tokens });

/** What the controller does. */
async function work(): Promise<void> {
  for (const machine of (await ledger.due()).machines) {
    const job = await ledger.begin(machine);
    if (job === null) continue;
    const { kind, fence } = job;
    await ledger.settle(
      machine,
      fence,
      kind === "attach" ? { outcome: "attached", hadEphemeral: true } : { outcome: "detached" },
    );
  }
}

async function start(podUid: string, node: string, more: Record<string, string> = {}): Promise<Sidecar> {
  const directory = await mkdtemp(join(tmpdir(), "static-egress-run-"));
  const sidecar = startSidecar(build, directory, {
    STATIC_EGRESS_BROKER_URL: `https://localhost:${port}`,
    STATIC_EGRESS_BROKER_CA: certificate.ca,
    STATIC_EGRESS_TOKEN_FILE: await webhook.tokenFile(podUid, node),
    STATIC_EGRESS_LEASE_SECONDS: String(leaseSeconds),
    ...podEnvironment(podUid, node, directory),
    ...more,
  });
  sidecars.push(sidecar);
  return sidecar;
}
const leases = async () => (await ledger.snapshot()).leases;
const held = async () => (await leases()).map(({ podUid, state }) => `${podUid} ${state}`);

beforeAll(async () => {
  build = await buildPrograms("sidecar");
  certificate = await testCertificate();
  tokens = await mkdtemp(join(tmpdir(), "static-egress-tokens-"));
});
beforeEach(async () => {
  sidecars = [];
  port = await freePort();
  ledger = createMemoryLedger();
  await ledger.beat(null);
  await fillPartners(ledger);
  webhook = await serve();
  controller = setInterval(() => void work(), 50);
});
afterEach(async () => {
  clearInterval(controller);
  await Promise.all(sidecars.map((sidecar) => sidecar.end("SIGKILL")));
  await webhook.close();
});

describe("brokered sidecar process", () => {
  it("takes its lease, renews it, drains and releases, with no key but its token", { timeout: 120_000 }, async () => {
    const sidecar = await start("pod-1", "n1");
    await expect.poll(() => sidecar.file("ready"), soon).toBe("203.0.113.1\n");
    expect(await leases()).toMatchObject([{ podUid: "pod-1", pod: "apps/pod-1", node: "n1", machine: "i-n1" }]);
    const [{ expiresAtMs } = { expiresAtMs: 0 }] = await leases();
    await expect.poll(async () => (await leases())[0]?.expiresAtMs, soon).toBeGreaterThan(expiresAtMs + 1000);

    sidecar.process.kill("SIGUSR2");
    await expect.poll(held, soon).toEqual(["pod-1 draining"]);
    expect(sidecar.process.exitCode).toBeNull();
    expect(await sidecar.end("SIGTERM")).toBe(0);
    expect(await held()).toEqual([]);
    await expect.poll(async () => (await ledger.snapshot()).attachments, soon).toEqual([]);
  });

  it("hears at once of the address that another pod has freed", { timeout: 120_000 }, async () => {
    const first = await start("pod-1", "n1");
    const second = await start("pod-2", "n2");
    await expect.poll(() => second.file("ready"), soon).not.toBe("");
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    await ledger.putNode({
      name: "n3",
      uid: "uid-n3",
      cloud: "aws",
      region: "eu-west-1",
      machine: { id: "i-n3", providerId: "aws:///eu-west-1a/i-n3" },
      ready: true,
    });
    const third = await start("pod-3", "n3");
    await expect.poll(() => third.state(), soon).toMatchObject({ phase: "waiting", reason: "exhausted", position: 1 });
    await expect.poll(() => webhook.waiting(), soon).toBe(1);
    const startedAt = performance.now();
    await first.end("SIGTERM");
    await expect.poll(() => third.file("ready"), soon).not.toBe("");
    expect(performance.now() - startedAt).toBeLessThan(5000); // by the clock alone it asks after 7.5 s or more
  });

  it("keeps its lease over a restart of the webhook", { timeout: 120_000 }, async () => {
    const sidecar = await start("pod-1", "n1");
    await expect.poll(() => sidecar.file("ready"), soon).toBe("203.0.113.1\n");
    await webhook.close();
    webhook = await serve();
    const [{ expiresAtMs } = { expiresAtMs: 0 }] = await leases();
    await expect.poll(async () => (await leases())[0]?.expiresAtMs, soon).toBeGreaterThan(expiresAtMs + 2000);
    expect(sidecar.output()).not.toContain("renewed late");
    expect(sidecar.output()).not.toContain("acquiring it again");
  });

  it(
    "goes on with a webhook whose CA was renewed, also when its container was killed",
    { timeout: 120_000 },
    async () => {
      const sidecar = await start("pod-1", "n1");
      await expect.poll(() => sidecar.file("ready"), soon).toBe("203.0.113.1\n");
      const renewed = await testCertificate();
      webhook.trust(`${renewed.ca}${certificate.ca}`);
      await expect.poll(() => sidecar.file("ca.crt"), soon).toBe(`${renewed.ca}${certificate.ca}`);
      await webhook.close();
      webhook = await brokerScene(ledger, { leaseMs: leaseSeconds * 1000, port, certificate: renewed, tokens });
      const [{ expiresAtMs } = { expiresAtMs: 0 }] = await leases();
      await expect.poll(async () => (await leases())[0]?.expiresAtMs, soon).toBeGreaterThan(expiresAtMs + 2000);

      await sidecar.end("SIGKILL");
      await ledger.release("pod-1", { mayWork: [] });
      await start("pod-1", "n1", { STATIC_EGRESS_RUN_DIR: sidecar.directory });
      await expect.poll(held, soon).toEqual(["pod-1 held"]);
    },
  );

  it(
    "waits for a webhook that is not there, says so, and takes its lease when it is",
    { timeout: 120_000 },
    async () => {
      await webhook.close();
      const sidecar = await start("pod-1", "n1");
      await expect.poll(() => sidecar.state(), soon).toMatchObject({ phase: "waiting", reason: "BROKER_UNREACHABLE" });
      webhook = await serve();
      await expect.poll(() => sidecar.file("ready"), soon).toBe("203.0.113.1\n");
    },
  );

  it("takes its lease again, with the same address, when its container was killed", { timeout: 120_000 }, async () => {
    const first = await start("pod-1", "n1");
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    await first.end("SIGKILL");
    const again = await start("pod-1", "n1");
    await expect.poll(() => again.file("ready"), soon).toBe("203.0.113.1\n");
    expect(await again.end("SIGTERM")).toBe(0);
    expect(await held()).toEqual([]);
  });

  it("prints every problem of its environment and exits 1", async () => {
    const bad = await start("pod-1", "n1", { STATIC_EGRESS_BROKER_CA: "none", STATIC_EGRESS_POOL: "" });
    expect(await bad.end()).toBe(1);
    for (const name of ["STATIC_EGRESS_BROKER_CA", "STATIC_EGRESS_POOL"])
      expect(bad.output()).toContain(`\n  ${name}: `);
  });
});
