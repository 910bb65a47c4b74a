import type { Logger } from "../../shared/log.ts";
import type { Action } from "./action.ts";
import type { Cluster, ClusterPod, PodReference, Watched } from "./cluster/port.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { Publisher } from "./publisher.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface UninjectedOptions {
  readonly cluster: Pick<Cluster, "listUninjected" | "ignoredNamespaces">;
  readonly pods: Pick<Watched<ClusterPod>, "list">;
  readonly publisher: Pick<Publisher, "publish">;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly metrics: Pick<ControllerMetrics, "notInjected">;
  readonly signal: AbortSignal;
}

/** A sidecar cannot be brought later: there is nothing to hurry for. */
const everyMs = 300_000;
/** Whatever went wrong went wrong for more than these, then; the metric has the number. */
const toldAtMost = 200;

/** Looks now and then for pods that ask for an address and were never injected, and tells them. */
export function startUninjected(options: UninjectedOptions): { idle(): Promise<void> } {
  const { cluster, pods, publisher, log, troubles, metrics, signal } = options;
  let before = 0;

  async function look(): Promise<number> {
    const ignored = await cluster.ignoredNamespaces();
    const found = new Map<string, PodReference>();
    for (const pod of await cluster.listUninjected()) found.set(pod.uid, pod);
    // Copied from a pod that was injected: annotation and label are there, the container is not.
    for (const pod of pods.list()) if (pod.sidecar === "missing" && !pod.ended) found.set(pod.uid, pod);
    const lacking = [...found.values()].filter(({ namespace }) => !ignored.has(namespace));
    if (lacking.length !== before) log.warn({ pods: lacking.length }, "pods that were never injected");
    before = lacking.length;
    metrics.notInjected(lacking.length);
    publisher.publish(lacking.slice(0, toldAtMost).map(tell));
    return everyMs;
  }

  const queue = createWorkQueue({
    concurrency: 1,
    run: look,
    failed: (_, error, attempt) => troubles.tell({ error, attempt }, "pods without a sidecar not looked for"),
    signal,
  });
  queue.add("pods");
  return { idle: () => queue.idle() };
}

function tell({ uid, namespace, name }: PodReference): Action {
  const message =
    "Asks for a static address (static-egress/pool) and has no sidecar, so it leaves from whatever address its node has. " +
    "It was created before static-egress was installed or while its webhook was not called, or was annotated afterwards, " +
    "or is a static pod. Create it again (kubectl rollout restart, kubectl delete pod), or annotate it " +
    'static-egress/inject: "false".';
  const about = { kind: "Pod", namespace, name, uid } as const;
  const event = { about, type: "Warning", reason: "EgressNotInjected", message } as const;
  return { key: `uninjected/${uid}`, text: "", everyMs, event };
}
