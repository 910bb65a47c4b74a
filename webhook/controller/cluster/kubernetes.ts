import { CoordinationV1Api, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../../../shared/clock.ts";
import type { Logger } from "../../../shared/log.ts";
import { conflict, gone, orNull } from "./answers.ts";
import { mergePatch, reportEvent } from "./events.ts";
import { follow } from "./follow.ts";
import { leadershipInLease } from "./leadership.ts";
import type { Cluster } from "./port.ts";
import { addressAnnotation, poolLabel, toNode, toPod } from "./shapes.ts";

/** Lists come in pages of this size, so that large clusters do not answer with hundreds of megabytes at once. */
const pageSize = 500;

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
  const pageOf = (token: string | undefined) => ({
    limit: pageSize,
    ...(token === undefined ? {} : { _continue: token }),
  });

  return {
    watchNodes: (watcher, signal) =>
      follow({
        config,
        path: "/api/v1/nodes",
        page: (token) => core.listNode(pageOf(token)),
        shape: toNode,
        keyOf: (node) => node.name,
        watcher,
        log,
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
        log,
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
    async markNode(name, { pool, address }) {
      const metadata = { labels: { [poolLabel]: pool }, annotations: { [addressAnnotation]: address } };
      await orNull(core.patchNode({ name, body: { metadata } }, mergePatch), gone);
    },
    async markPod({ namespace, name, uid }, address) {
      // With the UID in it the API server refuses the patch (409) when another pod bears the name by now.
      const metadata = { uid, annotations: { [addressAnnotation]: address } };
      await orNull(core.patchNamespacedPod({ namespace, name, body: { metadata } }, mergePatch), gone, conflict);
    },
    report: (event) => reportEvent(core, event, new Date(clock())),
    ...leadershipInLease(config.makeApiClient(CoordinationV1Api), namespace),
  };
}
