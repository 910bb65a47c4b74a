import type { Claim, Ledger } from "../../shared/ledger/port.ts";
import type { WaitReason } from "../../shared/ledger/records.ts";
import type { Logger } from "../../shared/log.ts";
import type { ClusterNode, ClusterPod, Watched } from "./cluster/port.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface RestoreOptions {
  readonly ledger: Pick<Ledger, "acquire">;
  readonly nodes: Pick<Watched<ClusterNode>, "get">;
  readonly pods: Watched<ClusterPod>;
  /** Whether a pool's inventory has been read: before, its addresses cannot be told from each other. */
  readonly known: (pool: string) => boolean;
  readonly leaseMs: number;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly metrics: Pick<ControllerMetrics, "leaseRestored">;
  readonly signal: AbortSignal;
}

export interface Restoration {
  /** Takes the lease of every pod whose app may be running, and which is not among `held`. */
  begin(held: ReadonlySet<string>): void;
  /** The pools changed: once more for pods whose pool was in no file. */
  again(): void;
  /** How many were to be restored since `begin`, and how many of them are yet to come. */
  progress(): { readonly wanted: number; readonly left: number };
  idle(): Promise<void>;
}

/** What a ledger that is being filled answers at first. */
const soon: ReadonlySet<WaitReason> = new Set<WaitReason>(["ledger-doubtful", "node-unknown"]);
const againMs = 2_000;

/**
 * Gives a ledger that lost its leases those of the pods that run: their sidecars may come back late or, cut off from the
 * ledger, not at all. One that should not have been restored ends on evidence, as any other does.
 */
export function createRestoration(options: RestoreOptions): Restoration {
  const { ledger, nodes, pods, known, leaseMs, log, troubles, metrics, signal } = options;
  const left = new Set<string>();
  const withoutPool = new Set<string>();
  let wanted = 0;

  async function restore(podUid: string): Promise<number | undefined> {
    const pod = pods.get(podUid);
    if (pod !== undefined && mayRun(pod)) {
      if (!known(pod.pool)) return againMs;
      const answer = await ledger.acquire(claimOf(pod, nodes), { leaseMs, mayWork: [], running: true });
      const waits = answer.status === "waiting" && answer.reason !== "attaching";
      if (waits && soon.has(answer.reason)) return againMs;
      const at = { pod: `${pod.namespace}/${pod.name}`, podUid, node: pod.node, pool: pod.pool };
      if (waits && answer.reason === "pool-unknown") withoutPool.add(podUid);
      if (waits) log.warn({ ...at, reason: answer.reason, detail: answer.detail }, "lease not restored");
      else metrics.leaseRestored(pod.pool);
    }
    left.delete(podUid);
    if (left.size === 0) log.info({ wanted }, "leases restored");
    return undefined;
  }

  const queue = createWorkQueue({
    concurrency: 32,
    run: restore,
    failed: (podUid, error, attempt) => troubles.tell({ error, podUid, attempt }, "lease not restored yet"),
    signal,
  });

  return {
    begin(held) {
      left.clear();
      withoutPool.clear();
      for (const pod of pods.list()) if (mayRun(pod) && !held.has(pod.uid)) left.add(pod.uid);
      wanted = left.size;
      if (wanted > 0) log.warn({ wanted }, "pods run without a lease in the ledger: restoring them");
      for (const podUid of left) queue.add(podUid);
    },
    again() {
      for (const podUid of withoutPool) {
        left.add(podUid);
        queue.add(podUid);
      }
      withoutPool.clear();
    },
    progress: () => ({ wanted, left: left.size }),
    idle: () => queue.idle(),
  };
}

/** One that is being deleted counts, too: its app may use its grace period. */
function mayRun(pod: ClusterPod): boolean {
  return pod.sidecar === "started" && !pod.ended && pod.node !== null;
}

function claimOf(pod: ClusterPod, nodes: RestoreOptions["nodes"]): Claim {
  const node = pod.node ?? "";
  const nodeUid = nodes.get(node)?.uid;
  return {
    podUid: pod.uid,
    pod: `${pod.namespace}/${pod.name}`,
    serviceAccount: `${pod.namespace}/${pod.serviceAccount}`,
    node,
    ...(nodeUid === undefined ? {} : { nodeUid }),
    pool: pod.pool,
  };
}
