import type { ClusterEvent, ClusterPod } from "./cluster/port.ts";

/** One thing to write into the cluster. The same `key` with the same `text` is not written again within `everyMs`. */
export interface Action {
  readonly key: string;
  readonly text: string;
  readonly everyMs: number;
  readonly event?: ClusterEvent;
  readonly markNode?: { readonly name: string; readonly pool: string | null; readonly address: string | null };
  readonly markPod?: { readonly pod: ClusterPod; readonly address: string | null };
}
