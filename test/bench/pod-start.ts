import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { namespaceOf } from "../e2e/install.ts";
import { parseSettings, type Settings } from "../e2e/settings.ts";
import { apply, get, kubectl } from "../e2e/support/kubectl.ts";
import { until } from "../e2e/support/wait.ts";
import { median } from "./quantile.ts";
import { type BenchSettings, type Goal, notMeasured, type Row } from "./row.ts";

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
    await kubectl("delete", "namespace", namespace, "--timeout=120s", "--ignore-not-found").catch((error: unknown) => {
      console.error(`bench: namespace ${namespace} is left behind: ${String(error)}`); // what failed before it counts
    });
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
  await apply(...namespaceOf(namespace, settings));
  await apply(appPod(settings, "holder", "injected"));
  const { nodeName = "" } = await until("the holder runs", async () => {
    const holder = await get<PodObject>("-n", namespace, "pod", "holder");
    return holder.status.phase === "Running" ? holder.spec : `phase ${holder.status.phase}`;
  });

  const watch = watchPods();
  const took = { plain: [] as Start[], injected: [] as Start[] };
  try {
    for (let index = 0; index <= pods; index++) {
      for (const kind of ["plain", "injected"] as const) {
        const pod = `${kind}-${index}`;
        await apply(appPod(settings, pod, kind, nodeName));
        const start = await watch.startOf(pod);
        if (index > 0) took[kind].push(start); // the first of each finds nothing cached
        await kubectl("-n", namespace, "delete", "pod", pod, "--wait=true", "--timeout=60s");
      }
    }
  } finally {
    watch.end();
  }
  const middle = (kind: keyof typeof took, what: keyof Start) => median(took[kind].map((start) => start[what])) / 1000;
  const figures = (what: keyof Start, label: string, note: string, goal?: Goal): Row[] => {
    const [plain, injected] = [middle("plain", what), middle("injected", what)];
    const more = { name: `${name}: ${label}, difference`, value: injected - plain, unit: "s" };
    return [
      { name: `${name}: ${label}, not injected`, value: plain, unit: "s", note },
      { name: `${name}: ${label}, injected`, value: injected, unit: "s", note: "address already on the node" },
      goal === undefined ? more : { ...more, goal },
    ];
  };
  const turns = `median of ${pods}, one at a time`;
  return [
    ...figures("processMs", "scheduled to app's process", turns, { atMost: 1.5 }),
    ...figures("seenMs", "scheduled to running in the API", `${turns}; the kubelet tells up to a second late`),
  ];
}

interface PodObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase: string };
}

/** An app that says when its process began, by the clock of its node. */
function appPod({ images }: Settings, pod: string, kind: "plain" | "injected", node?: string) {
  const program =
    'console.log(performance.timeOrigin); process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e6)';
  const annotations = kind === "injected" ? { "static-egress/pool": "partners" } : {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod, namespace, annotations },
    spec: {
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 10,
      ...(node !== undefined && { nodeSelector: { "kubernetes.io/hostname": node } }),
      containers: [
        { name: "app", image: images.sidecar, imagePullPolicy: "IfNotPresent", command: ["node", "-e", program] },
      ],
    },
  };
}

/** Since a watch of the API first showed the pod as scheduled; the API's own times are whole seconds. */
interface Start {
  /** Until its process began: node and this machine need one clock, the difference of two such times does not. */
  readonly processMs: number;
  /** Until the watch first showed the container as running. */
  readonly seenMs: number;
}

function watchPods() {
  const columns =
    '{.metadata.name}|{.status.conditions[?(@.type=="PodScheduled")].status}|{.status.containerStatuses[?(@.name=="app")].state.running.startedAt}{"\\n"}';
  const child = spawn("kubectl", ["-n", namespace, "get", "pods", "--watch", "-o", `jsonpath=${columns}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const scheduledAt = new Map<string, number>();
  const seenAt = new Map<string, number>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [pod = "", scheduled, startedAt] = line.split("|");
    if (scheduled === "True" && !scheduledAt.has(pod)) scheduledAt.set(pod, Date.now());
    if (startedAt && !seenAt.has(pod)) seenAt.set(pod, Date.now());
  });
  return {
    async startOf(pod: string): Promise<Start> {
      const seen = await until(`${pod} runs`, async () => seenAt.get(pod) ?? "not running");
      const began = await until(`${pod} says when it began`, async () => {
        const text = await kubectl("-n", namespace, "logs", pod, "-c", "app");
        return Number(text) || "no log yet";
      });
      const scheduled = scheduledAt.get(pod) ?? Number.NaN;
      return { processMs: began - scheduled, seenMs: seen - scheduled };
    },
    end: () => void child.kill(),
  };
}
