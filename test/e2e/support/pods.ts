import type { Settings } from "../settings.ts";

/**
 * The app under test. Its first instruction sends a packet; then one every everyMs (200 unless told). Ports are its own, so that what arrives
 * tells the app. On SIGTERM it goes on for stopAfterMs; with runForMs it ends by itself.
 */
const program = `
const { connect } = require("node:net");
const { ECHO_HOST: host, ECHO_PORT: port, STOP_AFTER_MS: stop, RUN_FOR_MS: life, EVERY_MS: every } = process.env;
const beat = () => { const s = connect({ host, port }); s.on("error", () => s.destroy()); s.on("connect", () => s.destroy()); };
beat();
setInterval(beat, Number(every));
process.on("SIGTERM", () => setTimeout(() => process.exit(0), Number(stop)));
if (life) setTimeout(() => process.exit(0), Number(life));
`;

export interface AppOptions {
  readonly name: string;
  readonly port: number;
  /** Annotation static-egress/pool; left out: an ordinary pod. */
  readonly pool?: string;
  readonly node?: string;
  readonly stopAfterMs?: number;
  readonly runForMs?: number;
  readonly everyMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly graceSeconds?: number;
  /** Stays bound to its node for as long as that is silent. */
  readonly stays?: boolean;
}

function template(settings: Settings, options: AppOptions, restartPolicy: "Always" | "Never") {
  const {
    name,
    port,
    pool,
    node,
    stopAfterMs = 0,
    runForMs,
    everyMs = 200,
    graceSeconds = 10,
    stays = false,
  } = options;
  const env = {
    ECHO_HOST: settings.echoHost,
    ECHO_PORT: `${port}`,
    STOP_AFTER_MS: `${stopAfterMs}`,
    EVERY_MS: `${everyMs}`,
  };
  return {
    metadata: {
      labels: { app: name, ...options.labels },
      ...(pool && { annotations: { "static-egress/pool": pool } }),
    },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: graceSeconds,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      ...(node && { nodeSelector: { "kubernetes.io/hostname": node } }),
      ...(stays && { tolerations: [{ operator: "Exists", effect: "NoExecute" }] }),
      containers: [
        {
          name: "app",
          image: settings.images.sidecar,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "-e", program],
          env: Object.entries({ ...env, ...(runForMs && { RUN_FOR_MS: `${runForMs}` }) }).map(([key, value]) => ({
            name: key,
            value,
          })),
        },
      ],
    },
  };
}

/** Builders of workloads around the app, in one namespace. */
export function workloads(settings: Settings, namespace: string) {
  const meta = (name: string) => ({ name, namespace, labels: { app: name } });
  const pod = (options: AppOptions) => {
    const { metadata, spec } = template(settings, options, "Always");
    return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: options.name, namespace }, spec };
  };
  const job = (options: AppOptions) => {
    const spec = { backoffLimit: 0, template: template(settings, options, "Never") };
    return { apiVersion: "batch/v1", kind: "Job", metadata: meta(options.name), spec };
  };
  const deployment = (options: AppOptions & { readonly replicas: number }) => {
    const selector = { matchLabels: { app: options.name } };
    const spec = { replicas: options.replicas, selector, template: template(settings, options, "Always") };
    return { apiVersion: "apps/v1", kind: "Deployment", metadata: meta(options.name), spec };
  };
  return { pod, job, deployment };
}
