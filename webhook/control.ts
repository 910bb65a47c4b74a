import type { KubeConfig } from "@kubernetes/client-node";
import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import type { Clock } from "../shared/clock.ts";
import { codeOf } from "../shared/errors.ts";
import { createClouds } from "../shared/clouds/clouds.ts";
import { createLeaseService, type LeaseService } from "../shared/leases/service.ts";
import { createTurns } from "../shared/leases/turn.ts";
import { work, type WorkWatch } from "../shared/leases/worker.ts";
import type { Job, Ledger } from "../shared/ledger/port.ts";
import type { Logger } from "../shared/log.ts";
import type { Metrics } from "../shared/metrics.ts";
import type { PoolSource } from "../shared/pools/watch.ts";
import { measureDowntime } from "./address-downtime.ts";
import type { Config } from "./config.ts";
import { controllerMetrics, countCloudCall } from "./controller-metrics.ts";
import { createKubernetesCluster } from "./controller/cluster/kubernetes.ts";
import { startController } from "./controller/controller.ts";
import { createOwnEvents } from "./controller/own-events.ts";
import { createTroubles } from "./controller/troubles.ts";
import { openLedger } from "./open-ledger.ts";

export interface Control {
  /** Over the same ledger: for the lease API. Its cloud work is the active controller's. */
  readonly leases: LeaseService;
  /** For the inspection. `close` closes it. */
  readonly ledger: Ledger;
  /** Ends the controller. The ledger stays, for sidecars that still ask this replica. */
  stop(): Promise<void>;
  /** After `stop`. */
  close(): Promise<void>;
  /** For readiness detail. */
  ledgerState(): string;
  controllerState(): string;
}

/** How often readiness learns whether the ledger answers. */
const askEveryMs = 5_000;

export interface ControlOptions {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly pools: PoolSource;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Builds ledger, locks and clouds, and starts the controller over them. Admission goes on without any of it. */
export function startControl({ config, kubeConfig, pools, metrics, log, clock }: ControlOptions): Control {
  const recorded = controllerMetrics(metrics);
  const troubles = createTroubles(log, recorded);
  let ledgerState = "connecting";
  const onError = (error: Error): void => {
    troubles.tell({ error }, "connection to the ledger lost");
    ledgerState = "unreachable";
    metrics.ledgerErrors.inc({ code: "LEDGER_UNREACHABLE" });
  };
  const opened = openLedger({
    url: config.REDIS_URL,
    lockUrls: config.STATIC_EGRESS_LOCK_URLS?.split(",") ?? [],
    installation: config.STATIC_EGRESS_INSTALLATION,
    onError,
  });
  const { ledger, lock } = opened;
  const gcp = config.STATIC_EGRESS_GCE_ENDPOINT;
  const clouds = createClouds({
    onCall: countCloudCall(metrics),
    ...(gcp === undefined ? {} : { gcpEndpoint: gcp }),
  });

  const downtime = measureDowntime({
    clouds,
    measured: ({ pool: { cloud }, kind }, ms) =>
      metrics.addressDowntimeSeconds.observe({ cloud, action: kind }, ms / 1000),
    standing: (cloud, count) => metrics.nodesWithoutAddress.set({ cloud }, count),
    log,
  });
  const watch: WorkWatch = {
    waited: ({ pool: { cloud } }, why, ms) => metrics.cloudWaitSeconds.inc({ cloud, why }, ms / 1000),
    publicAddress: (job, there) => downtime.publicAddress(job, there),
  };
  const namespace = config.STATIC_EGRESS_NAMESPACE;
  const cluster = createKubernetesCluster({ config: kubeConfig, namespace, clock, log });
  const stopping = new AbortController();
  const pod = { namespace, name: config.STATIC_EGRESS_POD_NAME };
  const ownEvents = createOwnEvents({ cluster, pod, troubles, signal: stopping.signal });
  const forgetPools = pools.subscribe(() => ownEvents.set("EgressPoolsInvalid", pools.problem()?.message ?? null));

  const turns = createTurns(ledger);
  const controller = startController({
    cluster,
    ownEvents,
    ledger,
    clouds,
    pools,
    work: async (job, signal) =>
      timed(
        job,
        metrics,
        work(job, { ledger, turns, cloud: await clouds.forPool(job.pool), lock, log, watch }, signal),
      ),
    identity: `${config.STATIC_EGRESS_POD_NAME ?? hostname()}-${randomUUID().slice(0, 8)}`,
    leaseMs: config.STATIC_EGRESS_LEASE_SECONDS * 1000,
    log,
    metrics: recorded,
    clock,
  });
  const ask = async (): Promise<void> => {
    try {
      await ledger.now();
      if (ledgerState.startsWith("unreachable")) log.info("the ledger answers again");
      ledgerState = "reachable";
    } catch (error) {
      ledgerState = `unreachable: ${error instanceof Error ? error.message : String(error)}`;
      metrics.ledgerErrors.inc({ code: codeOf(error) ?? "INTERNAL" });
    }
  };
  const asking = setInterval(() => void ask(), askEveryMs);
  asking.unref();

  const leases = createLeaseService({
    ledger,
    leaseMs: config.STATIC_EGRESS_LEASE_SECONDS * 1000,
    log,
  });
  return {
    leases,
    ledger,
    ledgerState: () => ledgerState,
    controllerState: () => controller.state(),
    async stop() {
      clearInterval(asking);
      forgetPools();
      stopping.abort();
      await controller.stop();
      downtime.close();
    },
    async close() {
      await leases.close();
      await opened.close();
    },
  };
}

async function timed<T extends { outcome: string }>(job: Job, metrics: Metrics, settling: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const settlement = await settling;
  const histogram = job.kind === "attach" ? metrics.attachSeconds : metrics.releaseSeconds;
  histogram.observe({ cloud: job.pool.cloud, outcome: settlement.outcome }, (performance.now() - startedAt) / 1000);
  return settlement;
}
