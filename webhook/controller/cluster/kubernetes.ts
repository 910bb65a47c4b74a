import { CoordinationV1Api, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../../../shared/clock.ts";
import type { Logger } from "../../../shared/log.ts";
import { annotations, poolLabel } from "../../admission/names.ts";
import { createTroubles } from "../troubles.ts";
import { conflict, gone, orNull } from "./answers.ts";
import { mergePatch, reportEvent } from "./events.ts";
import { follow } from "./follow.ts";
import { pageOf } from "./pages.ts";
import { leadershipInLease } from "./leadership.ts";
import type { Cluster } from "./port.ts";
import { toNode, toPod } from "./shapes.ts";
import { ignoredNamespaces, listUninjected } from "./uninjected.ts";

interface KubernetesOptions {
  /** A ReusingKubeConfig, loaded. */
  readonly config: KubeConfig;
  /** Our own namespace: where the leadership's Lease is. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The cluster behind an API server. */
export function createKubernetesCluster({ config, namespace, clock, log }: KubernetesOptions): Cluster {
  const core = config.makeApiClient(CoreV1Api);
  const troubles = createTroubles(log, { ledgerFailed: () => undefined });
  return {
    watchNodes: (watcher, signal) =>
      follow({
        config,
        path: "/api/v1/nodes",
        page: (token) => core.listNode(pageOf(token)),
        shape: toNode,
        keyOf: (node) => node.name,
        watcher,
        troubles,
        signal,
      }),
    watchPods: (watcher, signal) =>
      follow({
        config,
        path: "/api/v1/pods",
        labelSelector: poolLabel,
        page: (token) => core.listPodForAllNamespaces({ labelSelector: poolLabel, ...pageOf(token) }),
        shape: toPod,
        keyOf: (pod) => pod.uid,
        watcher,
        troubles,
        signal,
      }),
    async readPod(namespace, name) {
      const pod = await orNull(core.readNamespacedPod({ namespace, name }), gone);
      return pod === null ? null : toPod(pod);
    },
    async readNode(name) {
      const node = await orNull(core.readNode({ name }), gone);
      return node === null ? null : toNode(node);
    },
    listUninjected: () => listUninjected(core),
    ignoredNamespaces: () => ignoredNamespaces(core, namespace),
    async markNode(name, { pool, address }) {
      const metadata = { labels: { [poolLabel]: pool }, annotations: { [annotations.address]: address } };
      await orNull(core.patchNode({ name, body: { metadata } }, mergePatch), gone);
    },
    async markPod({ namespace, name, uid }, address) {
      // With the UID in it the API server refuses the patch (409) when another pod bears the name by now.
      const metadata = { uid, annotations: { [annotations.address]: address } };
      await orNull(core.patchNamespacedPod({ namespace, name, body: { metadata } }, mergePatch), gone, conflict);
    },
    report: (event) => reportEvent(core, event, new Date(clock())),
    ...leadershipInLease(config.makeApiClient(CoordinationV1Api), namespace),
  };
}
