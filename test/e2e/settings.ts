import { EgressError } from "../../shared/errors.ts";

/** What the ring needs to know of its cluster. Everything comes from the environment; `usage` describes each name. */
export interface Settings {
  readonly cloud: "aws" | "gcp";
  readonly mode: "brokered" | "direct";
  readonly images: { readonly webhook: string; readonly sidecar: string; readonly redis: string };
  /** Goes into the Secrets of the webhook and, in direct mode, of each test namespace, beside REDIS_URL. */
  readonly podEnvironment: Readonly<Record<string, string>>;
  readonly region: string;
  readonly project: string;
  /** Key of the tag (aws) or label (gcp) whose value is the pool's name. */
  readonly poolTag: string;
  /** Where apps send their packets. */
  readonly echoHost: string;
  readonly lab: Lab | null;
}

/** A cluster made for tests, which can prove where packets came from and whose machines can be switched off. */
export interface Lab {
  readonly controlUrl: string;
  readonly inetUrl: string;
  /** Program with `node kill|start NAME` and `node shell NAME COMMAND…`; null when there is none. */
  readonly program: string | null;
}

export const environmentHelp = `
KUBECONFIG                   the cluster
E2E_CLOUD, LAB_CLOUD         aws or gcp: where the nodes' addresses are
E2E_MODE                     brokered (default) or direct
STATIC_EGRESS_WEBHOOK_IMAGE  default localhost/static-egress-webhook:dev
STATIC_EGRESS_SIDECAR_IMAGE  default localhost/static-egress-sidecar:dev; also runs the test apps
STATIC_EGRESS_REDIS_IMAGE    default localhost/redis:7
E2E_POD_<NAME>               becomes <NAME> in the Secrets of the webhook and (direct) of sidecars: E2E_POD_AWS_REGION, E2E_POD_AWS_ENDPOINT_URL_EC2 …
AWS_REGION, E2E_GCP_REGION   region of the pools (gcp: default europe-west1)
GOOGLE_CLOUD_PROJECT         project of the pools, on gcp
E2E_POOL_TAG                 tag or label whose value is the pool's name: default 'pool'
LAB_ECHO_HOST                host that apps send packets to: default 198.51.100.10
LAB_CONTROL_URL, LAB_INET_URL  the lab's APIs; without them no test can prove which address packets had
E2E_LAB                      the lab's program, to cut power and links; without it those tests are skipped
`;

const podPrefix = "E2E_POD_";

/** Reads the environment; all problems together in one CONFIG_INVALID. */
export function parseSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const cloud = env["E2E_CLOUD"] ?? env["LAB_CLOUD"];
  if (cloud !== "aws" && cloud !== "gcp") problems.push(`E2E_CLOUD: seen '${cloud ?? ""}'; accepted: aws, gcp`);
  const mode = env["E2E_MODE"] ?? "brokered";
  if (mode !== "brokered" && mode !== "direct") problems.push(`E2E_MODE: seen '${mode}'; accepted: brokered, direct`);
  const project = env["GOOGLE_CLOUD_PROJECT"] ?? "";
  if (cloud === "gcp" && project === "") problems.push("GOOGLE_CLOUD_PROJECT: missing; accepted: the project's id");
  const { LAB_CONTROL_URL: controlUrl, LAB_INET_URL: inetUrl } = env;
  if ((controlUrl === undefined) !== (inetUrl === undefined)) {
    problems.push("LAB_CONTROL_URL and LAB_INET_URL: only one is set; accepted: both or none");
  }
  if (problems.length > 0) throw new EgressError("CONFIG_INVALID", problems.join("; "));
  return {
    cloud: cloud === "gcp" ? "gcp" : "aws",
    mode: mode === "direct" ? "direct" : "brokered",
    images: {
      webhook: env["STATIC_EGRESS_WEBHOOK_IMAGE"] ?? "localhost/static-egress-webhook:dev",
      sidecar: env["STATIC_EGRESS_SIDECAR_IMAGE"] ?? "localhost/static-egress-sidecar:dev",
      redis: env["STATIC_EGRESS_REDIS_IMAGE"] ?? "localhost/redis:7",
    },
    podEnvironment: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        name.startsWith(podPrefix) && value !== undefined ? [[name.slice(podPrefix.length), value]] : [],
      ),
    ),
    region: cloud === "gcp" ? (env["E2E_GCP_REGION"] ?? "europe-west1") : (env["AWS_REGION"] ?? "eu-west-1"),
    project,
    poolTag: env["E2E_POOL_TAG"] ?? "pool",
    echoHost: env["LAB_ECHO_HOST"] ?? "198.51.100.10",
    lab: controlUrl && inetUrl ? { controlUrl, inetUrl, program: env["E2E_LAB"] ?? null } : null,
  };
}
