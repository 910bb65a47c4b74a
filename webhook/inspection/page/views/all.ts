import type { View } from "../view.ts";
import type { Route } from "../route.ts";
import { oneAddress } from "./address.ts";
import { allAddresses, allLeases, allNodes, allWaiting, overview, search } from "./lists.ts";
import { oneNode, onePod, onePool } from "./one.ts";

/** The view of a route: of all, or of one where it names one; null for what there is not. */
export function viewOf({ view, names }: Route): View | null {
  const [all, one] = views[view] ?? [];
  return (names.length > 0 ? one : all) ?? null;
}

const views: Readonly<Record<string, readonly [all?: View | null, one?: View]>> = {
  "": [overview],
  pools: [overview, onePool],
  addresses: [allAddresses, oneAddress],
  nodes: [allNodes, oneNode],
  leases: [allLeases],
  waiting: [allWaiting],
  pods: [allLeases, onePod],
  search: [overview, search],
};
