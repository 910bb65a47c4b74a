import { poolLabel } from "./names.ts";
import type { Wish } from "./wish.ts";

/** One term to append: where it goes below `spec`, and what. */
export interface PlacementTerm {
  readonly segments: readonly string[];
  readonly term: object;
}

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/**
 * Where the pod may and should go: away from nodes that serve another pool, as a node can carry one address; and with
 * `pack` to, with `spread` away from, nodes that serve this one already. Pods of all namespaces count. `none`: no terms.
 */
export function placementTerms(wish: Wish, otherPoolsRequired: boolean): PlacementTerm[] {
  if (wish.placement === "none") return [];
  const otherPools = term([
    { key: poolLabel, operator: "Exists" },
    { key: poolLabel, operator: "NotIn", values: [wish.pool.name] },
  ]);
  const samePool = term([{ key: poolLabel, operator: "In", values: [wish.pool.name] }]);
  return [
    otherPoolsRequired
      ? { segments: ["podAntiAffinity", required], term: otherPools }
      : { segments: ["podAntiAffinity", preferred], term: weighted(otherPools) },
    {
      segments: [wish.placement === "pack" ? "podAffinity" : "podAntiAffinity", preferred],
      term: weighted(samePool),
    },
  ];
}

function term(matchExpressions: object[]): object {
  return { labelSelector: { matchExpressions }, namespaceSelector: {}, topologyKey: "kubernetes.io/hostname" };
}

function weighted(podAffinityTerm: object): object {
  return { weight: 100, podAffinityTerm };
}
