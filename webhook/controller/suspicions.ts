import type { Machine } from "../../shared/clouds/port.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Lease } from "../../shared/ledger/records.ts";
import type { Logger } from "../../shared/log.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { Cluster, ClusterNode, ClusterPod, Watched } from "./cluster/port.ts";
import { countsWhenExpired, judgeExpired, judgeMachine, judgePod, type EndReason, type Verdict } from "./evidence.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { ReadSilentMachine } from "./silent-machines.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface SuspicionOptions {
  readonly cluster: Pick<Cluster, "readPod" | "readNode">;
  readonly ledger: Pick<Ledger, "release">;
  readonly nodes: Pick<Watched<ClusterNode>, "get">;
  readonly pods: Pick<Watched<ClusterPod>, "get">;
  readonly pools: () => readonly Pool[];
  readonly machineOf: (name: string) => Machine | undefined;
  readonly readSilent: ReadSilentMachine;
  /** How long a lease lives from its renewal on, at least. */
  readonly leaseMs: number;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly metrics: Pick<ControllerMetrics, "leaseEnded" | "renewalLate">;
  readonly signal: AbortSignal;
}

export interface Suspicions {
  /**
   * These leases have expired, and no others, at this time of the ledger's clock: ends those with evidence, keeps the rest,
   * says which renew late.
   */
  expired(leases: readonly Lease[], nowMs: number): void;
  /** The watch no longer has this pod, or saw it end: its lease ends if that is true. */
  pod(pod: Pick<ClusterPod, "uid" | "namespace" | "name">): void;
  idle(): Promise<void>;
}

/** Ends leases on evidence (design, section 8). */
export function createSuspicions(options: SuspicionOptions): Suspicions {
  const { cluster, ledger, nodes, pods, pools, machineOf, readSilent, leaseMs, log, troubles, metrics, signal } =
    options;
  const leases = new Map<string, Lease>();
  const named = new Map<string, { namespace: string; name: string }>();
  const late = new Set<string>();
  /** The ledger's clock, kept by ours that never jumps: a controller whose wall clock is set must not find a node silent for it. */
  let offsetMs = 0;
  const ledgerNow = (): number => performance.now() + offsetMs;

  /** `expiredAtMs`: the evidence counts for a lease that has expired, not for one that was renewed meanwhile. */
  async function end(podUid: string, pod: string, why: EndReason, expiredAtMs?: number): Promise<void> {
    const only = expiredAtMs === undefined ? {} : { expiredAtMs };
    const answer = await ledger.release(podUid, { mayWork: [], ...only });
    leases.delete(podUid);
    named.delete(podUid);
    if (answer.status !== "released") return;
    metrics.leaseEnded(why);
    log.info({ pod, podUid, why, last: answer.last }, "lease ended");
  }

  async function lookAtPod(podUid: string, at: { namespace: string; name: string }): Promise<void> {
    // Losing the label looks like a deletion in a watch by label: only a fresh read tells.
    const cached = pods.get(podUid);
    const found = judgePod(podUid, cached ?? (await cluster.readPod(at.namespace, at.name)));
    if (found.verdict === "end") await end(podUid, `${at.namespace}/${at.name}`, found.why);
    else named.delete(podUid);
  }

  async function askCloud(lease: Lease, pool: Pool, unreachableMs: number): Promise<Verdict | undefined> {
    const machine = machineOf(lease.node);
    if (machine?.id !== lease.machine) return undefined;
    const state = await readSilent(pool, machine);
    const silentMs = ledgerNow() - (lease.expiresAtMs - leaseMs);
    return judgeMachine(state, silentMs, unreachableMs);
  }

  async function lookAtLease(lease: Lease): Promise<number | undefined> {
    const { namespace, name } = splitPod(lease.pod);
    const pool = pools().find((candidate) => candidate.name === lease.pool);
    const unreachableMs = (pool?.unreachableSeconds ?? 60) * 1000;
    const seen: { pod: ClusterPod | null | undefined; node: ClusterNode | null | undefined } = {
      pod: pods.get(lease.podUid),
      node: nodes.get(lease.node),
    };
    let found = judgeExpired(lease, seen, unreachableMs, ledgerNow());
    if (found.verdict === "read-pod") {
      seen.pod = await cluster.readPod(namespace, name);
      found = judgeExpired(lease, seen, unreachableMs, ledgerNow());
    }
    if (found.verdict === "read-node") {
      seen.node = await cluster.readNode(lease.node);
      found = judgeExpired(lease, seen, unreachableMs, ledgerNow());
    }
    const silent = found.verdict === "keep" && !found.late;
    if (silent && pool !== undefined) found = (await askCloud(lease, pool, unreachableMs)) ?? found;
    // It may have been renewed while we read: `expired` has forgotten it then.
    if (!leases.has(lease.podUid)) return undefined;
    if (found.verdict === "end") {
      const expiredAtMs = countsWhenExpired(found.why) ? lease.expiresAtMs : undefined;
      await end(lease.podUid, lease.pod, found.why, expiredAtMs);
      return undefined;
    }
    if (found.verdict !== "keep") return undefined;
    if (found.late && !late.has(lease.podUid)) {
      late.add(lease.podUid);
      metrics.renewalLate(lease.pool, lease.node);
      log.warn({ pod: lease.pod, podUid: lease.podUid, node: lease.node }, "lease not renewed in time, kept");
    }
    return found.againMs;
  }

  const queue = createWorkQueue({
    concurrency: 16,
    async run(podUid) {
      const at = named.get(podUid);
      if (at !== undefined) await lookAtPod(podUid, at);
      const lease = leases.get(podUid);
      return lease === undefined ? undefined : lookAtLease(lease);
    },
    failed: (podUid, error, attempt) => troubles.tell({ error, podUid, attempt }, "evidence not gathered"),
    signal,
  });

  return {
    expired(found, nowMs) {
      offsetMs = nowMs - performance.now();
      leases.clear();
      for (const lease of found) leases.set(lease.podUid, lease);
      for (const podUid of late) if (!leases.has(podUid)) late.delete(podUid);
      for (const podUid of leases.keys()) queue.add(podUid);
    },
    pod({ uid, namespace, name }) {
      named.set(uid, { namespace, name });
      queue.add(uid);
    },
    idle: () => queue.idle(),
  };
}

function splitPod(pod: string): { namespace: string; name: string } {
  const slash = pod.indexOf("/");
  return { namespace: pod.slice(0, slash), name: pod.slice(slash + 1) };
}
