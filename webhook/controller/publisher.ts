import type { Cluster } from "./cluster/port.ts";
import type { Action } from "./action.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface PublisherOptions {
  readonly cluster: Pick<Cluster, "markNode" | "markPod" | "report">;
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

export interface Publisher {
  publish(actions: readonly Action[]): void;
  idle(): Promise<void>;
}

const rememberMs = 10 * 60_000;

/** Writes actions into the cluster: the newest of a key wins, and none is repeated before its time. */
export function createPublisher({ cluster, troubles, signal }: PublisherOptions): Publisher {
  const wanted = new Map<string, Action>();
  const sent = new Map<string, { readonly text: string; readonly atMs: number }>();

  async function write(key: string): Promise<undefined> {
    const action = wanted.get(key);
    if (action === undefined) return;
    // The Event first: a mark says that it has been told.
    if (action.event !== undefined) await cluster.report(action.event);
    if (action.markNode !== undefined) await cluster.markNode(action.markNode.name, action.markNode);
    if (action.markPod !== undefined) await cluster.markPod(action.markPod.pod, action.markPod.address);
    if (wanted.get(key) === action) wanted.delete(key);
  }

  const queue = createWorkQueue({
    concurrency: 8,
    run: write,
    failed(key, error, attempt) {
      troubles.tell({ error, key, attempt }, "not written to the cluster");
      // An object that refuses an Event (its namespace goes away) is left alone after a while.
      if (attempt >= 5) wanted.delete(key);
    },
    signal,
  });

  return {
    publish(actions) {
      const nowMs = performance.now();
      for (const [key, { atMs }] of sent) {
        if (nowMs - atMs <= rememberMs) break; // the oldest come first
        sent.delete(key);
      }
      for (const action of actions) {
        const last = sent.get(action.key);
        if (last !== undefined && last.text === action.text && nowMs - last.atMs < action.everyMs) continue;
        sent.delete(action.key);
        sent.set(action.key, { text: action.text, atMs: nowMs });
        wanted.set(action.key, action);
        queue.add(action.key);
      }
    },
    idle: () => queue.idle(),
  };
}
