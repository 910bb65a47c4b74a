import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { directSecret, testNamespaceLabel } from "../e2e/install.ts";
import { parseSettings, type Settings } from "../e2e/settings.ts";
import { apply, get, kubectl } from "../e2e/support/kubectl.ts";
import { until } from "../e2e/support/wait.ts";
import { workloads } from "../e2e/support/pods.ts";
import { median } from "./quantile.ts";
import { type BenchSettings, notMeasured, type Row } from "./row.ts";

const name = "pod start";
const namespace = "egress-bench";
const pods = 15;
const install = "npm run e2e -- --install-only";

/** From scheduled to app running, on one node that carries its address already, injected and not, in turns. */
export async function benchPodStart({ env }: BenchSettings): Promise<Row[]> {
  const settings = await installation(env);
  if (typeof settings === "string") return [notMeasured(name, settings)];
  try {
    return await measure(settings);
  } finally {
    await kubectl("delete", "namespace", namespace, "--timeout=120s", "--ignore-not-found");
  }
}

/** The environment's settings, or why there is nothing to measure on. */
async function installation(env: BenchSettings["env"]): Promise<Settings | string> {
  if (!env["KUBECONFIG"]) return `KUBECONFIG is not set; it takes a cluster and ${install}`;
  const of = ["-n", "static-egress", "deployment", "static-egress-webhook"];
  try {
    const settings = parseSettings(env);
    const { status } = await get<{ status: { readyReplicas?: number } }>(...of);
    return (status.readyReplicas ?? 0) > 0 ? settings : `the webhook is not ready there: ${install}`;
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}; it takes a cluster and ${install}`;
  }
}

async function measure(settings: Settings): Promise<Row[]> {
  const { pod } = workloads(settings, namespace);
  const labels = { [testNamespaceLabel]: "true" };
  const secret = { name: "static-egress-direct", namespace };
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    { apiVersion: "v1", kind: "Secret", metadata: secret, stringData: directSecret(settings) },
  );
  await apply(pod({ name: "holder", port: 7, pool: "partners" }));
  const holder = await until("the holder runs", async () => {
    const { spec, status } = await get<{ spec: { nodeName?: string }; status: { phase: string } }>(
      "-n",
      namespace,
      "pod",
      "holder",
    );
    return status.phase === "Running" ? spec : `phase ${status.phase}`;
  });
  const node = holder.nodeName ?? "";

  const watch = watchPods();
  const took = { injected: [] as number[], plain: [] as number[] };
  try {
    for (let index = 0; index <= pods; index++) {
      for (const kind of ["plain", "injected"] as const) {
        const podName = `${kind}-${index}`;
        await apply(pod({ name: podName, port: 7, node, ...(kind === "injected" && { pool: "partners" }) }));
        const ms = await watch.startOf(podName);
        if (index > 0) took[kind].push(ms); // the first of each finds nothing cached
        await kubectl("-n", namespace, "delete", "pod", podName, "--wait=true", "--timeout=60s");
      }
    }
  } finally {
    watch.end();
  }
  const [injected, plain] = [median(took.injected) / 1000, median(took.plain) / 1000];
  const seen = `median of ${pods}, one at a time, as a watch of the API sees it`;
  return [
    { name: `${name}: scheduled to running, not injected`, value: plain, unit: "s", note: seen },
    {
      name: `${name}: scheduled to running, injected`,
      value: injected,
      unit: "s",
      note: "address already on the node",
    },
    { name: `${name}: difference`, value: injected - plain, unit: "s", goal: { atMost: 1.5 } },
  ];
}

/** The moments at which a watch first shows each pod scheduled, and its app running: finer than the API's whole seconds. */
function watchPods() {
  const columns =
    '{.metadata.name}|{.status.conditions[?(@.type=="PodScheduled")].status}|{.status.containerStatuses[?(@.name=="app")].state.running.startedAt}{"\\n"}';
  const child = spawn("kubectl", ["-n", namespace, "get", "pods", "--watch", "-o", `jsonpath=${columns}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const scheduledAt = new Map<string, number>();
  const startMs = new Map<string, number>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [pod = "", scheduled, startedAt] = line.split("|");
    const now = performance.now();
    if (scheduled === "True" && !scheduledAt.has(pod)) scheduledAt.set(pod, now);
    if (startedAt && !startMs.has(pod)) startMs.set(pod, now - (scheduledAt.get(pod) ?? now));
  });
  return {
    startOf: (pod: string) => until(`${pod} runs`, async () => startMs.get(pod) ?? "not running"),
    end: () => void child.kill(),
  };
}
