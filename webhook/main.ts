import type { KubeConfig } from "@kubernetes/client-node";
import { setTimeout as after } from "node:timers/promises";
import { systemClock } from "../shared/clock.ts";
import { EgressError } from "../shared/errors.ts";
import { createLogger, type Logger } from "../shared/log.ts";
import { createMetrics } from "../shared/metrics.ts";
import { watchPools } from "../shared/pools/watch.ts";
import { liveSettings } from "./admission/live-settings.ts";
import { buildApp } from "./app.ts";
import { authorizeBy } from "./authorization/authorize.ts";
import type { MayUse } from "./authorization/review-access.ts";
import type { CertificateSource } from "./certificates/port.ts";
import { openCertificate } from "./certificates/source.ts";
import { parseConfig, sidecarSettings, type Config } from "./config.ts";
import type { Control, ControlOptions } from "./control.ts";
import { helpText } from "./help.ts";
import { createAccess } from "./inspection/access.ts";
import page from "./inspection/page/index.html";
import type { InspectionOptions } from "./inspection/routes.ts";
import type { LeaseApiOptions } from "./lease-api/routes.ts";
import { buildMetricsApp } from "./metrics-app.ts";
import { openLedger, type OpenLedger } from "./open-ledger.ts";
import { readinessOf } from "./readiness.ts";

/** Endpoints take a moment to forget us: until then the API server's new connections must be answered. */
const goodbyeMs = 4_000;
/** What the controller leaves undone by then the next one finds. */
const controlStopsMs = 10_000;

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(helpText());
    return;
  }
  const config = parseConfig(process.env);
  const clock = systemClock;
  const log = createLogger({ name: "webhook", level: config.STATIC_EGRESS_LOG_LEVEL, background: true });
  const metrics = createMetrics({ process: true });
  const inCluster = config.STATIC_EGRESS_KUBERNETES === "auto";
  const pools = await watchPools({ file: config.STATIC_EGRESS_POOLS_FILE });
  pools.subscribe(() => {
    const problem = pools.problem();
    metrics.poolsInvalid.set(problem === undefined ? 0 : 1);
    if (problem === undefined) log.info({ pools: pools.current().map(({ name }) => name) }, "pools reloaded");
    else log.error({ error: problem }, "pools not reloaded");
  });

  const kubeConfig = inCluster ? await loadKubeConfig() : undefined;
  const certificate = await openCertificate({ config, kubeConfig, log, clock });
  metrics.certificateExpiry.set(certificate.current().notAfterMs / 1000);

  let stopping = false;
  const inside = kubeConfig && (await startInside({ config, kubeConfig, pools, metrics, log, clock }, certificate));
  const control = inside?.control;
  const app = buildApp({
    settings: liveSettings(
      pools,
      sidecarSettings(config, () => certificate.trusted()),
    ),
    certificate: certificate.current(),
    readiness: () =>
      readinessOf({
        nowMs: clock(),
        certificateEndsMs: certificate.current().notAfterMs,
        pools: pools.current().length,
        poolsProblem: pools.problem()?.message,
        stopping,
        ledger: control?.ledgerState() ?? "off",
        controller: control?.controllerState() ?? "off",
      }),
    metrics,
    log,
    limits: { connections: config.STATIC_EGRESS_CONNECTIONS },
    ...(inside && { leaseApi: inside.leaseApi, mayUse: inside.mayUse }),
  });
  certificate.subscribe((renewed) => {
    app.useCertificate(renewed);
    metrics.certificateExpiry.set(renewed.notAfterMs / 1000);
  });
  const alone = inside === undefined && config.STATIC_EGRESS_INSPECTION === "on" ? openAlone(config, log) : undefined;
  const inspection =
    inside?.inspection ?? (alone && { ledger: alone.ledger, access: createAccess(undefined), page, clock, log });
  const metricsApp = buildMetricsApp({
    metrics,
    inspection: config.STATIC_EGRESS_INSPECTION === "off" ? undefined : inspection,
  });
  await app.fastify.listen({ port: config.STATIC_EGRESS_LISTEN_PORT, host: "::" });
  await metricsApp.listen({ port: config.STATIC_EGRESS_METRICS_PORT, host: "::" });

  log.info({ port: config.STATIC_EGRESS_LISTEN_PORT, pools: pools.current().length }, "serving");

  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    const goodbye = after(signal === "SIGTERM" && inCluster ? goodbyeMs : 0);
    await Promise.all([goodbye, Promise.race([control?.stop(), after(controlStopsMs)])]);
    await Promise.all([app.fastify.close(), metricsApp.close()]);
    await Promise.race([Promise.all([control?.close(), alone?.close()]), after(controlStopsMs)]);
    certificate.close();
    pools.close();
    process.exit(0);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal).catch(fail));
}

/** What there is only in a cluster: the controller, and the lease API, for sidecars of either mode. The client is large. */
async function startInside(
  options: ControlOptions,
  certificate: CertificateSource,
): Promise<{ control: Control; leaseApi: LeaseApiOptions; mayUse: MayUse; inspection: InspectionOptions }> {
  const { kubeConfig, pools, metrics, log, clock } = options;
  const [{ startControl }, { reviewTokens }, { reviewAccess }, { reviewVisitors }, clients] = await Promise.all([
    import("./control.ts"),
    import("./identity/review-tokens.ts"),
    import("./authorization/review-access.ts"),
    import("./inspection/review-visitors.ts"),
    import("@kubernetes/client-node"),
  ]);
  const control = startControl(options);
  const authentication = kubeConfig.makeApiClient(clients.AuthenticationV1Api);
  const authorization = kubeConfig.makeApiClient(clients.AuthorizationV1Api);
  const identify = reviewTokens({ client: authentication, clock });
  const mayUse = reviewAccess({ client: authorization, clock });
  const access = createAccess(reviewVisitors({ authentication, authorization, clock }));
  const authorize = authorizeBy(mayUse, pools);
  return {
    control,
    mayUse,
    inspection: { ledger: control.ledger, access, page, clock, log },
    leaseApi: { leases: control.leases, identify, authorize, trusted: () => certificate.trusted(), metrics, log },
  };
}

/** The ledger to look on at, where no controller works on it. */
function openAlone({ REDIS_URL: url, STATIC_EGRESS_INSTALLATION: installation }: Config, log: Logger): OpenLedger {
  const onError = (error: Error): void => log.warn({ error: error.message }, "connection to the ledger lost");
  return openLedger({ url, lockUrls: [], installation, onError });
}

/** Only where there is a cluster: the client is large. */
async function loadKubeConfig(): Promise<KubeConfig> {
  const { ReusingKubeConfig } = await import("./controller/cluster/kube-config.ts");
  const kubeConfig = new ReusingKubeConfig();
  kubeConfig.loadFromDefault();
  // What the client assumes when it finds neither a service account nor a kubeconfig.
  if (kubeConfig.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new EgressError(
      "CONFIG_INVALID",
      "There is no cluster to be found: no service account, no KUBECONFIG; accepted without one: STATIC_EGRESS_KUBERNETES=off",
    );
  }
  return kubeConfig;
}

function fail(error: unknown): void {
  const text =
    error instanceof EgressError
      ? `${error.code}: ${error.message}\n${error.fix}`
      : String((error as Error).stack ?? error);
  process.stderr.write(`static-egress webhook: ${text}\n`);
  process.exit(1);
}

main().catch(fail);
