import type { AuthenticationV1Api } from "@kubernetes/client-node";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../shared/clock.ts";
import { createMemoryCloud, type MemoryCloud } from "../../shared/clouds/memory/cloud.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { poolSchema, type Pool } from "../../shared/pools/schema.ts";
import { liveSettings } from "../../webhook/admission/live-settings.ts";
import type { SidecarSettings } from "../../webhook/admission/settings.ts";
import { buildApp } from "../../webhook/app.ts";
import { authorizeBy } from "../../webhook/authorization/authorize.ts";
import { issue, makeAuthority } from "../../webhook/certificates/authority.ts";
import { controllerMetrics, countCloudCall } from "../../webhook/controller-metrics.ts";
import { createMemoryCluster, type MemoryCluster } from "../../webhook/controller/cluster/memory.ts";
import type { ClusterEvent } from "../../webhook/controller/cluster/port.ts";
import { startController } from "../../webhook/controller/controller.ts";
import { reviewTokens } from "../../webhook/identity/review-tokens.ts";
import { createAccess } from "../../webhook/inspection/access.ts";
import page from "../../webhook/inspection/page/index.html";
import { buildMetricsApp } from "../../webhook/metrics-app.ts";
import { openLedger } from "../../webhook/open-ledger.ts";
import { readinessOf } from "../../webhook/readiness.ts";

/** The rooms that run in this process: webhook, controller, and the cluster and cloud that exist only here. */
export interface Stage {
  readonly pool: Pool;
  readonly nodes: readonly string[];
  readonly cluster: MemoryCluster;
  readonly cloud: MemoryCloud;
  readonly ledger: Ledger;
  readonly webhook: { readonly url: string; readonly ca: string };
  /** Of metrics and inspection. */
  readonly inspectionUrl: string;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly nodes: number;
  /** `memory://` for a ledger in this process. */
  readonly ledgerUrl: string;
  readonly installation: string;
  /** Says who bears a sidecar's token. */
  readonly tokens: Pick<AuthenticationV1Api, "createTokenReview">;
  readonly lingerSeconds: number;
  /** How long the cloud takes to attach or detach. */
  readonly changeMs: number;
  readonly log: Logger;
  readonly onEvent: (event: ClusterEvent) => void;
  readonly onLedgerLost: (error: Error) => void;
}

/** Short, so that a crash shows in a demo's time; the contract's default is 60. */
const leaseSeconds = 15;

/** Opens everything; one address fewer than nodes, so that the pool can be seen full. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { installation, log } = options;
  const clock = systemClock;
  const nodes = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
  const pool = poolSchema.parse({
    name: "partners",
    cloud: "memory",
    region: "local",
    select: { addresses: nodes.slice(1).map((_, index) => `203.0.113.${index + 1}`) },
    lingerSeconds: options.lingerSeconds,
  });
  const pools = { current: () => [pool], subscribe: () => () => undefined };
  const metrics = createMetrics({ process: true });
  const cloud = createMemoryCloud({
    nodes: nodes.map((name) => ({ name })),
    latencyMs: { read: 20, change: options.changeMs },
    onCall: countCloudCall(metrics),
  });
  const opened = openLedger({ url: options.ledgerUrl, lockUrls: [], installation, onError: options.onLedgerLost });
  const { ledger, lock } = opened;
  const turns = createTurns(ledger);

  const cluster = createMemoryCluster();
  for (const name of nodes) cluster.setNode({ name });
  const controller = startController({
    cluster: {
      ...cluster,
      async report(event) {
        await cluster.report(event);
        options.onEvent(event);
      },
    },
    ownEvents: { set: () => undefined },
    ledger,
    clouds: { forPool: async () => cloud },
    pools,
    work: (job, signal) => work(job, { ledger, turns, cloud, lock, log }, signal),
    identity: `demo-${process.pid}`,
    sweepMs: 2000,
    leaseMs: leaseSeconds * 1000,
    log,
    metrics: controllerMetrics(metrics),
    clock,
  });

  const authority = await makeAuthority(clock());
  const names = [{ type: "ip", value: "127.0.0.1" } as const];
  const certificate = await issue(authority, names, clock());
  const leases = createLeaseService({
    ledger,
    leaseMs: leaseSeconds * 1000,
    log,
  });
  const identify = reviewTokens({ client: options.tokens, clock });
  let sidecar = sidecarSettings({ installation, url: "", ca: authority.cert });
  const app = buildApp({
    settings: liveSettings(pools, () => sidecar),
    certificate,
    readiness: () =>
      readinessOf({
        nowMs: clock(),
        certificateEndsMs: certificate.notAfterMs,
        pools: 1,
        poolsProblem: undefined,
        stopping: false,
        ledger: "demo",
        controller: controller.state(),
      }),
    metrics,
    log,
    leaseApi: {
      leases,
      identify,
      authorize: authorizeBy(undefined, pools),
      trusted: () => authority.cert,
      metrics,
      log,
    },
  });
  const metricsApp = buildMetricsApp({
    metrics,
    inspection: { ledger, access: createAccess(undefined), page, clock, log },
  });
  await Promise.all([app.fastify, metricsApp].map((server) => server.listen({ port: 0, host: "127.0.0.1" })));
  const portOf = (server: typeof metricsApp) => (server.server.address() as AddressInfo).port;
  const url = `https://127.0.0.1:${portOf(app.fastify)}`;
  sidecar = sidecarSettings({ installation, url, ca: authority.cert });

  return {
    pool,
    nodes,
    cluster,
    cloud,
    ledger,
    webhook: { url: `${url}/mutate`, ca: authority.cert },
    inspectionUrl: `http://127.0.0.1:${portOf(metricsApp)}/`,
    async close() {
      await controller.stop();
      await Promise.all([app.fastify.close(), metricsApp.close()]);
      await leases.close();
      await opened.close();
    },
  };
}

function sidecarSettings(options: { installation: string; url: string; ca: string }): SidecarSettings {
  const { installation, url, ca } = options;
  const quantities = { cpu: "10m", memory: "64Mi" };
  return {
    installation,
    image: "dist/sidecar/main.cjs",
    pullPolicy: "Never",
    requests: quantities,
    limits: quantities,
    leaseSeconds,
    leasesFrom: { mode: "brokered", url, ca },
    placementRequired: true,
  };
}
