import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { namespaceOf } from "../install.ts";
import { parseSettings } from "../settings.ts";
import { apply, get, kubectl } from "./kubectl.ts";
import { labFacts, type Violation } from "./lab.ts";
import { workloads } from "./pods.ts";
import { until } from "./wait.ts";

interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string; readonly initContainers?: readonly { readonly name: string }[] };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}
interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly restartCount: number;
}

export const settings = parseSettings(process.env);
/** The lab's facts; on another cluster the first use says that there is no lab, and cases are skipped (`withLab`). */
export const lab = settings.lab ? labFacts(settings.lab) : undefined;
export const withLab = settings.lab !== null;
export const withMachines = settings.lab?.program != null;

let nextPort = 20_000 + (Date.now() % 20_000);
/** A port that no other app of this run sends to. */
export const freshPort = (): number => nextPort++;

interface SceneOptions {
  readonly lasting?: boolean;
  readonly freeWithinSeconds?: number;
  /** A violation that a case brings about itself. */
  readonly excused?: (violation: Violation) => boolean;
}

/**
 * A namespace for the cases of one file; empty of workloads and every address
 * free before each case (with `lasting`: before the first and after the last), and no violation of the cloud's rules after it.
 */
export function scene(name: string, options: SceneOptions = {}) {
  const { lasting = false, freeWithinSeconds = 60, excused = () => false } = options;
  const namespace = `egress-e2e-${name}`;
  const kube = (...args: string[]) => kubectl("-n", namespace, ...args);
  let violationsBefore = 0;

  async function nothingLeft(): Promise<void> {
    await kube("delete", "deployments,jobs,pods", "--all", "--wait=true", "--timeout=60s", "--ignore-not-found");
    if (!lab) return;
    await until(
      "every address is free again",
      async () => {
        const pools = await Promise.all(["partners", "billing"].map((pool) => lab.poolAddresses(pool)));
        const used = pools.flatMap((pool) => [...pool]).filter(([, node]) => node !== null);
        return used.length === 0 ? used : used.map(([ip, node]) => `${ip} on ${node}`).join(", ");
      },
      freeWithinSeconds,
    );
  }

  beforeAll(() => apply(...namespaceOf(namespace, settings)));
  beforeEach(async () => {
    violationsBefore = (await lab?.violations())?.length ?? 0;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await report(namespace));
    if (!lasting) await nothingLeft();
    const violations = (await lab?.violations())?.slice(violationsBefore) ?? [];
    expect(violations.filter((violation) => !excused(violation))).toEqual([]);
  });
  afterAll(async () => {
    if (lasting) await nothingLeft();
    await kubectl("delete", "namespace", namespace, "--timeout=60s");
  });

  const pods = async (app: string) =>
    (await get<{ items: PodObject[] }>("-n", namespace, "pods", "-l", `app=${app}`)).items;
  return {
    namespace,
    kube,
    pods,
    nothingLeft,
    ...workloads(settings, namespace),
    /** Resolves once `count` pods of the app, and no more, are Ready. */
    ready: (app: string, count = 1, seconds = 60) =>
      until(
        `${count} Ready pods of ${app}`,
        async () => {
          const found = await pods(app);
          return found.length === count && found.every(isReady) ? found : await summary(namespace, app);
        },
        seconds,
      ),
  };
}

export type Scene = ReturnType<typeof scene>;

export const isReady = (pod: PodObject): boolean =>
  pod.status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;

const summary = (namespace: string, app: string): Promise<string> =>
  kubectl("-n", namespace, "get", "pods", "-l", `app=${app}`, "-o", "wide", "--no-headers");

/** What a reader of a failed case wants to see first. */
async function report(namespace: string): Promise<string> {
  const parts = await Promise.allSettled([
    kubectl("-n", namespace, "get", "pods", "-o", "wide"),
    kubectl("-n", namespace, "get", "events", "--sort-by=.lastTimestamp"),
    kubectl("-n", namespace, "logs", "-l", "static-egress/pool", "-c", "static-egress-lease", "--tail=20", "--prefix"),
    kubectl(
      "-n",
      "static-egress",
      "logs",
      "-l",
      "app.kubernetes.io/name=static-egress-webhook",
      "--tail=40",
      "--prefix",
    ),
  ]);
  return parts.map((part) => (part.status === "fulfilled" ? part.value : String(part.reason))).join("\n");
}

/** The addresses an app's packets came from, without repetition, in order of first appearance. */
export async function sources(port: number): Promise<string[]> {
  if (!lab) throw new Error("LAB_INET_URL is not set: nothing can tell where packets came from");
  return [...new Set((await lab.flows(port)).map((flow) => flow.source))];
}
