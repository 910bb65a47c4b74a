import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { brokeredLeases } from "../../sidecar/broker.ts";
import { fakeApiServer } from "../support/cluster/fake-api-server.ts";
import { claim } from "../support/ledger-cases.ts";
import { trusting } from "../support/lease-api/broker-scene.ts";
import { reviewOnly, tokenOf } from "../support/lease-api/tokens.ts";
import { freePort } from "../support/redis.ts";
import { testCertificate } from "../support/webhook-app.ts";
import { buildPrograms } from "./demo-build.ts";

const pools = "pools: [{ name: partners, cloud: memory, region: r, select: { addresses: [203.0.113.1] } }]";
let build: string;
let folder: string;
let webhook: ChildProcess;
let output: string;
let apiServer: Awaited<ReturnType<typeof fakeApiServer>>;
let certificate: Awaited<ReturnType<typeof testCertificate>>;
let inspection: string;
let url: string;

beforeAll(async () => void (build = await buildPrograms("webhook")));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "static-egress-webhook-"));
  certificate = await testCertificate();
  apiServer = await fakeApiServer(reviewOnly);
  const files = {
    "pools.yaml": pools,
    "tls.crt": certificate.cert,
    "tls.key": certificate.key,
    "ca.crt": certificate.ca,
  };
  const kubeConfig = {
    "kubeconfig.json": apiServer.config.exportConfig(),
    token: tokenOf({ podUid: "pod-1", node: "n1" }),
  };
  for (const [name, text] of Object.entries({ ...files, ...kubeConfig })) await writeFile(join(folder, name), text);
  const [port, metrics] = [await freePort(), await freePort()];
  url = `https://localhost:${port}`;
  inspection = `http://127.0.0.1:${metrics}`;
  output = "";
  webhook = spawn(process.execPath, [join(build, "dist/webhook/main.js")], {
    env: {
      KUBECONFIG: join(folder, "kubeconfig.json"),
      REDIS_URL: "memory://",
      STATIC_EGRESS_MODE: "brokered",
      STATIC_EGRESS_SIDECAR_IMAGE: "sidecar",
      STATIC_EGRESS_POOLS_FILE: join(folder, "pools.yaml"),
      STATIC_EGRESS_TLS_CERT_FILE: join(folder, "tls.crt"),
      STATIC_EGRESS_TLS_KEY_FILE: join(folder, "tls.key"),
      STATIC_EGRESS_TLS_CA_FILE: join(folder, "ca.crt"),
      STATIC_EGRESS_LISTEN_PORT: String(port),
      STATIC_EGRESS_METRICS_PORT: String(metrics),
    },
  });
  for (const stream of [webhook.stdout, webhook.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
});
afterEach(async () => {
  webhook.kill("SIGKILL");
  await apiServer.close();
  await rm(folder, { recursive: true });
});

describe("webhook process", () => {
  it("serves leases over its controller's ledger, until it has stopped", { timeout: 60_000 }, async () => {
    await expect.poll(() => output, { timeout: 30_000 }).toContain('"serving"');
    const leases = brokeredLeases({ url, ca: trusting(certificate.ca), tokenFile: join(folder, "token") });
    // No controller can lead here, as there are no Leases: what the ledger says of that comes over the lease API.
    expect(await leases.acquire(claim("pod-1", "n1"))).toMatchObject({ status: "waiting", reason: "ledger-doubtful" });
    expect(await (await fetch(inspection)).text()).toMatch(/^<!doctype html>[^]*<script>.{1000}/s);
    const waiting = (await (await fetch(`${inspection}/api/waiting`)).json()) as object;
    expect(waiting).toMatchObject({ total: 0 }); // in doubt a ledger notes nobody
    expect((await fetch(`${inspection}/api/pools`, { headers: { "x-forwarded-for": "10.0.0.7" } })).status).toBe(401);
    const exited = once(webhook, "exit");
    webhook.kill("SIGTERM");
    await expect.poll(() => output).toContain('"stopping"');
    expect(await leases.renew("pod-1", null)).toEqual({ status: "unknown" });
    await leases.close();
    expect(await exited).toEqual([0, null]);
  });
});
