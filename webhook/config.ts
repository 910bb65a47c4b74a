import * as z from "zod";
import type { SidecarSettings } from "./admission/settings.ts";
import { EgressError } from "../shared/errors.ts";
import { parseEnvironment, wholeNumber } from "../shared/environment.ts";

const oneOf = <const T extends readonly string[]>(...values: T) =>
  z.enum(values, { error: `accepted: ${values.join(", ")}` });
const yesOrNo = z.enum(["true", "false"], { error: "accepted: true, false" }).transform((value) => value === "true");
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "accepted: a name as Kubernetes has it, such as 'static-egress'");
const label = name.regex(/^[^.]{1,63}$/, "accepted: at most 63 characters, without dots");
const quantity = (example: string) =>
  z
    .string()
    .regex(
      /^(?!0+[a-zA-Z]*$)\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi)?$/,
      `accepted: a Kubernetes quantity above zero, such as '${example}'`,
    );
const port = wholeNumber(1, 65_535);
const path = z.string().startsWith("/", "accepted: an absolute path");
const required = (example: string) =>
  z
    .string({ error: `accepted: ${example}` })
    .refine((value) => value.trim() === value, "accepted: no blanks around it");

/** The one schema of the webhook's settings; `--help` and the README's table are made of it. */
const schema = z.object({
  REDIS_URL: required("redis://, rediss://, redis+sentinel://, redis+cluster:// or memory://")
    .regex(
      /^((rediss?|redis\+sentinel|redis\+cluster):\/\/.+|memory:\/\/)$/,
      "accepted: redis://, rediss://, redis+sentinel://, redis+cluster:// or memory://",
    )
    .describe("the ledger"),
  STATIC_EGRESS_LOCK_URLS: z
    .string()
    .regex(/^rediss?:\/\/[^,]+(,rediss?:\/\/[^,]+)*$/, "accepted: redis:// or rediss:// URLs, separated by commas")
    .optional()
    .describe("further servers for the locks' quorum, separated by commas"),
  STATIC_EGRESS_INSTALLATION: label.prefault("default").describe("the ledger's keys carry this name"),
  STATIC_EGRESS_POOLS_FILE: path
    .prefault("/etc/static-egress/pools.yaml")
    .describe("the pools; read again when it changes"),
  STATIC_EGRESS_LISTEN_PORT: port.prefault("8443").describe("HTTPS: admission, health"),
  STATIC_EGRESS_METRICS_PORT: port.prefault("9090").describe("HTTP: metrics, inspection"),
  STATIC_EGRESS_INSPECTION: oneOf("auto", "on", "off")
    .prefault("auto")
    .describe("the inspection page and its API; auto: where there is a cluster"),
  STATIC_EGRESS_CONNECTIONS: wholeNumber(10, 1_000_000)
    .prefault("5000")
    .describe("most connections at a time, of which one address gets half at most; each takes some 70 KB of memory"),
  STATIC_EGRESS_TLS_CERT_FILE: path.optional().describe("serving certificate; without one it is self-made"),
  STATIC_EGRESS_TLS_KEY_FILE: path.optional().describe("its key; both or none"),
  STATIC_EGRESS_TLS_CA_FILE: path.optional().describe("the CA of that certificate, for brokered sidecars"),
  STATIC_EGRESS_NAMESPACE: label.prefault("static-egress").describe("our own namespace"),
  STATIC_EGRESS_SERVICE: label.prefault("static-egress-webhook").describe("our own Service: the certificate's name"),
  STATIC_EGRESS_CONFIGURATION: name
    .prefault("static-egress")
    .describe("MutatingWebhookConfiguration whose caBundle is kept right"),
  STATIC_EGRESS_CERTIFICATE_SECRET: name.prefault("static-egress-ca").describe("Secret of the self-made CA"),
  STATIC_EGRESS_SIDECAR_IMAGE: required("an image such as 'example.com/static-egress-sidecar:1.0'").describe(
    "image of the injected sidecar",
  ),
  STATIC_EGRESS_SIDECAR_PULL_POLICY: oneOf("Always", "IfNotPresent", "Never")
    .prefault("IfNotPresent")
    .describe("its imagePullPolicy"),
  STATIC_EGRESS_SIDECAR_CPU: quantity("10m").prefault("10m").describe("its CPU request; in a Guaranteed pod the limit"),
  STATIC_EGRESS_SIDECAR_CPU_LIMIT: quantity("500m").prefault("500m").describe("its CPU limit"),
  STATIC_EGRESS_SIDECAR_MEMORY: quantity("64Mi")
    .prefault("64Mi")
    .describe("its memory request; in a Guaranteed pod the limit"),
  STATIC_EGRESS_SIDECAR_MEMORY_LIMIT: quantity("128Mi").prefault("128Mi").describe("its memory limit"),
  STATIC_EGRESS_PLACEMENT_REQUIRED: yesOrNo
    .prefault("true")
    .describe("false: keeping pods of different pools apart is only preferred"),
  STATIC_EGRESS_LEASE_SECONDS: wholeNumber(10, 3600).prefault("60").describe("life of a lease that is not renewed"),
  STATIC_EGRESS_MODE: oneOf("brokered", "direct")
    .prefault("brokered")
    .describe("where new sidecars have their leases from: our lease API, or (direct) Redis and the cloud themselves"),
  STATIC_EGRESS_DIRECT_SECRET: name
    .prefault("static-egress-direct")
    .describe("Secret in the pod's namespace with the sidecar's environment"),
  STATIC_EGRESS_LOG_LEVEL: oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent")
    .prefault("info")
    .describe("least level that is logged"),
  STATIC_EGRESS_POD_NAME: name.optional().describe("our identity among the replicas; the host's name without it"),
  STATIC_EGRESS_GCE_ENDPOINT: z
    .url({ protocol: /^https?$/, error: "accepted: an http:// or https:// URL" })
    .optional()
    .describe("an emulator in place of compute.googleapis.com"),
  STATIC_EGRESS_KUBERNETES: oneOf("auto", "off")
    .prefault("auto")
    .describe("off: no cluster; certificates come from files or are made for localhost, no controller runs"),
});

/** The webhook's settings, with defaults filled in. */
export type Config = z.infer<typeof schema>;

const secret = ["REDIS_URL", "STATIC_EGRESS_LOCK_URLS"];

/** Reads the settings. Pure. Throws CONFIG_INVALID with every problem, REDIS_URL never repeated. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const config = parseEnvironment(schema, env, secret);
  const { STATIC_EGRESS_TLS_CERT_FILE: cert, STATIC_EGRESS_TLS_KEY_FILE: key } = config;
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "STATIC_EGRESS_TLS_CERT_FILE" : "STATIC_EGRESS_TLS_KEY_FILE";
    throw new EgressError(
      "CONFIG_INVALID",
      `the environment cannot be used:\n  ${missing}: missing; accepted: both files or none`,
    );
  }
  if (
    cert !== undefined &&
    config.STATIC_EGRESS_MODE === "brokered" &&
    config.STATIC_EGRESS_TLS_CA_FILE === undefined
  ) {
    throw new EgressError(
      "CONFIG_INVALID",
      "the environment cannot be used:\n  STATIC_EGRESS_TLS_CA_FILE: missing; accepted: the CA that brokered sidecars are to believe",
    );
  }
  return config;
}

/** One row for each setting: for `--help` and the README. */
export function settingsTable(): { name: string; fallback: string; meaning: string }[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    fallback: fallbackOf(field),
    meaning: field.description ?? "",
  }));
}

function fallbackOf(field: z.ZodType): string {
  if (field instanceof z.ZodPrefault) return String(field.def.defaultValue);
  return field instanceof z.ZodOptional ? "" : "(required)";
}

/** What admission needs to know of the settings. `ca`: of our serving certificate, PEM. The same object for the same `ca`. */
export function sidecarSettings(config: Config, ca: () => string): () => SidecarSettings {
  let made = settingsWith(config, ca());
  let madeWith = ca();
  return () => {
    if (madeWith !== ca()) {
      madeWith = ca();
      made = settingsWith(config, madeWith);
    }
    return made;
  };
}

function settingsWith(config: Config, ca: string): SidecarSettings {
  const url = `https://${config.STATIC_EGRESS_SERVICE}.${config.STATIC_EGRESS_NAMESPACE}.svc`;
  return {
    installation: config.STATIC_EGRESS_INSTALLATION,
    image: config.STATIC_EGRESS_SIDECAR_IMAGE,
    pullPolicy: config.STATIC_EGRESS_SIDECAR_PULL_POLICY,
    requests: { cpu: config.STATIC_EGRESS_SIDECAR_CPU, memory: config.STATIC_EGRESS_SIDECAR_MEMORY },
    limits: { cpu: config.STATIC_EGRESS_SIDECAR_CPU_LIMIT, memory: config.STATIC_EGRESS_SIDECAR_MEMORY_LIMIT },
    leaseSeconds: config.STATIC_EGRESS_LEASE_SECONDS,
    leasesFrom:
      config.STATIC_EGRESS_MODE === "direct"
        ? { mode: "direct", secret: config.STATIC_EGRESS_DIRECT_SECRET }
        : { mode: "brokered", url, ca },
    placementRequired: config.STATIC_EGRESS_PLACEMENT_REQUIRED,
  };
}
