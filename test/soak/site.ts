import type { Settings } from "../e2e/settings.ts";
import { namespaceOf } from "../e2e/install.ts";
import { apply, get, kubectl } from "../e2e/support/kubectl.ts";
import { labFacts } from "../e2e/support/lab.ts";
import { workers } from "../e2e/support/nodes.ts";
import { workloads } from "../e2e/support/pods.ts";

export const namespace = "egress-soak";

export interface SoakPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string | null;
  readonly pool: string | null;
  readonly ready: boolean;
  /** It is on its way out. */
  readonly leaving: boolean;
  readonly ended: boolean;
  readonly restarts: number;
}

interface PodObject {
  readonly metadata: { name: string; uid: string; deletionTimestamp?: string; labels?: Record<string, string> };
  readonly spec: { nodeName?: string };
  readonly status: {
    phase: string;
    conditions?: { type: string; status: string }[];
    initContainerStatuses?: { restartCount: number }[];
    containerStatuses?: { restartCount: number }[];
  };
}

/**
 * Where the soak takes place. The first two nodes carry pods that must never be harmed, the third the probes that measure
 * when all is well again, the others (from the fourth on) the contention: there the pool has fewer addresses than nodes.
 */
export interface Site {
  readonly settings: Settings;
  readonly lab: ReturnType<typeof labFacts>;
  readonly make: ReturnType<typeof workloads>;
  readonly nodes: readonly string[];
  readonly steady: readonly string[];
  readonly probe: string;
  readonly contended: readonly string[];
  readonly kube: (...args: string[]) => Promise<string>;
  readonly pods: () => Promise<SoakPod[]>;
}

/** Looks at the cluster; changes nothing. */
export async function openSite(settings: Settings): Promise<Site> {
  if (settings.lab?.program == null) throw new Error("the soak needs a lab: LAB_CONTROL_URL, LAB_INET_URL and E2E_LAB");
  const nodes = await workers();
  const probe = nodes[2];
  if (probe === undefined) throw new Error(`the soak needs three nodes or more; seen: ${nodes.length}`);
  return {
    settings,
    lab: labFacts(settings.lab),
    make: workloads(settings, namespace),
    nodes,
    steady: nodes.slice(0, 2),
    probe,
    contended: nodes.slice(3),
    kube: (...args) => kubectl("-n", namespace, ...args),
    async pods() {
      const { items } = await get<{ items: PodObject[] }>("-n", namespace, "pods");
      return items.map(toPod);
    },
  };
}

/** The namespace of the soak. */
export async function prepare({ settings }: Site): Promise<void> {
  await apply(...namespaceOf(namespace, settings));
}

function toPod({ metadata, spec, status }: PodObject): SoakPod {
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return {
    name: metadata.name,
    uid: metadata.uid,
    node: spec.nodeName ?? null,
    pool: metadata.labels?.["static-egress/pool"] ?? null,
    ready: status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
    leaving: metadata.deletionTimestamp !== undefined,
    ended: status.phase === "Succeeded" || status.phase === "Failed",
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
  };
}
