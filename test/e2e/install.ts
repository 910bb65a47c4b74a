import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Settings } from "./settings.ts";
import { kubectl } from "./support/kubectl.ts";
import { spareNode, workers } from "./support/nodes.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
/** The overlay that the ring writes and applies: base, a Redis, the images and pools of the environment. */
export const overlay = join(root, "dist", "e2e");

/** As sidecars in any namespace reach the ledger. */
const redisUrl = "redis://static-egress-redis.static-egress.svc:6379";
/** Marks namespaces of the ring, so that uninstalling finds those of a run that was cut short. */
export const testNamespaceLabel = "static-egress-e2e";
export const lingerSeconds = 2;
export const unreachableSeconds = 15;

/**
 * What a namespace of the ring is made of: in direct mode with the Secret that sidecars read. Settings of ours are the
 * webhook's; a sidecar refuses unknown ones.
 */
export function namespaceOf(name: string, { mode, podEnvironment }: Settings): object[] {
  const metadata = { name, labels: { [testNamespaceLabel]: "true" } };
  const foreign = Object.entries(podEnvironment).filter(([variable]) => !variable.startsWith("STATIC_EGRESS_"));
  const stringData = { REDIS_URL: redisUrl, ...Object.fromEntries(foreign) };
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "static-egress-direct", namespace: name },
    stringData,
  };
  return [{ apiVersion: "v1", kind: "Namespace", metadata }, ...(mode === "direct" ? [secret] : [])];
}

function pools(settings: Settings): unknown {
  const place = settings.cloud === "gcp" ? { project: settings.project } : {};
  const common = { cloud: settings.cloud, region: settings.region, ...place, lingerSeconds, unreachableSeconds };
  return {
    pools: [
      {
        name: "partners",
        ...common,
        select: { tags: { [settings.poolTag]: "partners" } },
        ...(settings.lab && { verify: `http://${settings.echoHost}/` }),
      },
      { name: "billing", ...common, select: { tags: { [settings.poolTag]: "billing" } } },
      // Without an address: who may use it is told before.
      { name: "guarded", ...common, authorize: "rbac", select: { tags: { [settings.poolTag]: "guarded" } } },
    ],
  };
}

function splitImage(image: string): { newName: string; newTag: string } {
  const colon = image.lastIndexOf(":");
  return colon > image.lastIndexOf("/")
    ? { newName: image.slice(0, colon), newTag: image.slice(colon + 1) }
    : { newName: image, newTag: "latest" };
}

/** One node runs nothing of ours: a case that switches it off tests what it says, whatever the scheduler did. */
async function placement(): Promise<object> {
  const spare = spareNode(await workers());
  if (spare === undefined) return {};
  const term = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "NotIn", values: [spare] }] };
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
  };
}

function patched(name: string, podSpec: object): { patch: string } {
  const metadata = { name, namespace: "static-egress" };
  const spec = { template: { spec: podSpec } };
  return { patch: stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec }) };
}

async function writeOverlay(settings: Settings): Promise<void> {
  const elsewhere = await placement();
  const environment = [{ name: "STATIC_EGRESS_SIDECAR_IMAGE", value: settings.images.sidecar }];
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    sortOptions: { order: "fifo" },
    resources: [relative(overlay, join(root, "manifests", "base"))],
    components: ["redis", ...(settings.mode === "direct" ? ["direct"] : [])].map((name) =>
      relative(overlay, join(root, "manifests", "components", name)),
    ),
    images: [
      { name: "static-egress-webhook", ...splitImage(settings.images.webhook) },
      { name: "redis", ...splitImage(settings.images.redis) },
    ],
    configMapGenerator: [
      {
        name: "static-egress-pools",
        namespace: "static-egress",
        behavior: "replace",
        files: ["pools.yaml"],
        options: { disableNameSuffixHash: true },
      },
    ],
    secretGenerator: [
      {
        name: "static-egress-webhook",
        namespace: "static-egress",
        envs: ["webhook.env"],
        options: { disableNameSuffixHash: true },
      },
    ],
    patches: [
      patched("static-egress-webhook", { ...elsewhere, containers: [{ name: "webhook", env: environment }] }),
      patched("static-egress-redis", elsewhere),
    ],
  };
  const lines = Object.entries(settings.podEnvironment).map(([name, value]) => `${name}=${value}\n`);
  await mkdir(overlay, { recursive: true });
  await writeFile(join(overlay, "kustomization.yaml"), stringify(kustomization));
  await writeFile(join(overlay, "pools.yaml"), stringify(pools(settings)));
  await writeFile(join(overlay, "webhook.env"), lines.join(""), { mode: 0o600 });
}

/** Installs, or brings an installation up to date; resolves once every replica is ready. */
export async function install(settings: Settings): Promise<void> {
  await writeOverlay(settings);
  await kubectl("apply", "-k", overlay);
  for (const name of ["static-egress-redis", "static-egress-webhook"]) {
    await kubectl("rollout", "status", "-n", "static-egress", `deployment/${name}`, "--timeout=120s");
  }
}

/**
 * Removes everything, in the order in which nothing is left behind: test pods (their leases end, addresses come back while
 * the controller is there to see to it), then all the rest, the webhook configuration first.
 */
export async function uninstall(settings: Settings, addressesFree: () => Promise<void>): Promise<void> {
  await kubectl("delete", "namespace", "-l", testNamespaceLabel, "--ignore-not-found", "--timeout=120s");
  await addressesFree();
  await writeOverlay(settings);
  await kubectl("delete", "-k", overlay, "--ignore-not-found", "--timeout=120s");
}
