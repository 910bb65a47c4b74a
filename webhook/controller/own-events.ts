import type { Cluster, EventReason } from "./cluster/port.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface OwnEventOptions {
  readonly cluster: Pick<Cluster, "readPod" | "report">;
  /** The pod that this program runs in; without a name there is none to tell. */
  readonly pod: { readonly namespace: string; readonly name: string | undefined };
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

/** What is wrong with this replica or its installation: Events on the webhook's own pod. */
export interface OwnEvents {
  /** The condition is there, and says so; null: it is over. */
  set(reason: EventReason, message: string | null): void;
}

/** The API server forgets an Event after an hour: a condition that lasts is counted up before. */
const againMs = 1_200_000;

export function createOwnEvents({ cluster, pod, troubles, signal }: OwnEventOptions): OwnEvents {
  const conditions = new Map<EventReason, string>();

  async function tell(reason: EventReason): Promise<number | undefined> {
    const message = conditions.get(reason);
    if (message === undefined || pod.name === undefined) return undefined;
    const self = await cluster.readPod(pod.namespace, pod.name);
    if (self === null) return undefined;
    const { namespace, name, uid } = self;
    await cluster.report({ about: { kind: "Pod", namespace, name, uid }, type: "Warning", reason, message });
    return againMs;
  }

  const queue = createWorkQueue({
    concurrency: 1,
    run: (reason) => tell(reason as EventReason),
    failed: (reason, error) => troubles.tell({ error, reason }, "Event on our own pod not written"),
    signal,
  });

  return {
    set(reason, message) {
      if (message === (conditions.get(reason) ?? null)) return;
      if (message === null) conditions.delete(reason);
      else {
        conditions.set(reason, message);
        queue.add(reason);
      }
    },
  };
}
