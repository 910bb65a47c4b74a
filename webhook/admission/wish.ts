import type { Pool } from "../../shared/pools/schema.ts";

/** What is to be injected into one pod: the annotations with the pool's and the installation's defaults filled in. */
export interface Wish {
  readonly pool: Pool;
  readonly onUnavailable: "wait" | "proceed";
  readonly placement: Pool["placement"];
  /** The pod's grace period, at least 0. */
  readonly graceSeconds: number;
  /** The pod has resources of its own at pod level: ours would count into their sum. */
  readonly podLevelResources: boolean;
  /** Every container's requests equal its limits: a container of ours with less would change the pod's QoS class. */
  readonly guaranteed: boolean;
}
