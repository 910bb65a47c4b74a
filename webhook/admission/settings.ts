import type { Pool } from "../../shared/pools/schema.ts";

/** Kubernetes quantities, such as 10m and 64Mi. */
export interface Quantities {
  readonly cpu: string;
  readonly memory: string;
}

/**
 * Where sidecars have their leases from (design, section 7). `direct`: `secret` in the pod's own namespace holds Redis' URL and
 * cloud settings. `brokered`: the lease API at `url`, whose certificate is of one of the CAs in `ca` (PEM).
 */
export type LeasesFrom =
  | { readonly mode: "direct"; readonly secret: string }
  | { readonly mode: "brokered"; readonly url: string; readonly ca: string };

/** What an installation says about its sidecars; the same for every pod. */
export interface SidecarSettings {
  readonly installation: string;
  readonly image: string;
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly requests: Quantities;
  /** Also the requests in a Guaranteed pod, which stays one (docs/adr/0002). */
  readonly limits: Quantities;
  /** Life of a lease that is not renewed. */
  readonly leaseSeconds: number;
  readonly leasesFrom: LeasesFrom;
  /** false: the term that keeps pods of different pools apart is preferred, which is cheaper in very large clusters. */
  readonly placementRequired: boolean;
}

/** Everything besides the request that admission decides on. */
export interface AdmissionSettings {
  /** By name. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly sidecar: SidecarSettings;
}
