import { parseProviderId, type ProviderId } from "../../shared/clouds/provider-id.ts";
import { EgressError } from "../../shared/errors.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { ClusterNode } from "./cluster/port.ts";

/** Where a node's machine is, as far as its providerID tells without asking the cloud. */
export type Place =
  | { readonly cloud: "aws"; readonly region: string; readonly id: string }
  | { readonly cloud: "memory"; readonly region: string; readonly id: string }
  /** GCE names come back with another machine behind them: the numeric id has to be asked for. */
  | { readonly cloud: "gcp"; readonly region: string; readonly project: string }
  | { readonly cloud: "other"; readonly problem: string };

/** The region within an AWS zone: `eu-west-1` of `eu-west-1a`, and of the local zone `eu-west-1-ham-1a`. */
const awsRegion = /^[a-z]+(-[a-z]+)+-\d+/;

/** Reads a node's providerID. The region label, where there is one, goes before what the zone's name suggests. */
export function placeOf({ providerId, region }: Pick<ClusterNode, "providerId" | "region">): Place {
  const parsed = parse(providerId ?? "");
  switch (parsed.cloud) {
    case "aws":
      return { cloud: "aws", region: region ?? awsRegion.exec(parsed.zone)?.[0] ?? parsed.zone, id: parsed.instance };
    case "gcp":
      return { cloud: "gcp", region: region ?? parsed.zone.replace(/-[a-z]$/, ""), project: parsed.project };
    case "memory":
      return { cloud: "memory", region: region ?? "local", id: parsed.instance };
    case "other":
      return { cloud: "other", problem: `cloud '${parsed.scheme}' is not served` };
    case "unusable":
      return { cloud: "other", problem: parsed.problem };
  }
}

function parse(providerId: string): ProviderId | { readonly cloud: "unusable"; readonly problem: string } {
  try {
    return parseProviderId(providerId);
  } catch (error) {
    if (error instanceof EgressError && error.code === "NODE_UNKNOWN")
      return { cloud: "unusable", problem: error.message };
    throw error;
  }
}

/** The pool through whose cloud a machine of that provider can be asked for: best one of its own project and region. */
export function poolToAsk(pools: readonly Pool[], place: { project: string; region: string }): Pool | undefined {
  const gcp = pools.filter((pool) => pool.cloud === "gcp");
  return (
    gcp.find((pool) => pool.project === place.project && pool.region === place.region) ??
    gcp.find((pool) => pool.project === place.project) ??
    gcp[0]
  );
}

/**
 * A pool in memory whose machine this node can play, to try things out on a cluster of any kind: only where no pool is of
 * the node's own cloud.
 */
export function poolToPlayIn(pools: readonly Pool[], place: Place): Pool | undefined {
  if (pools.some((pool) => pool.cloud === place.cloud)) return undefined;
  return pools.find((pool) => pool.cloud === "memory");
}

/** The directory's row for a node whose machine id is known. */
export function entryOf(node: ClusterNode, cloud: NodeEntry["cloud"], region: string, id: string): NodeEntry {
  const machine = { id, providerId: node.providerId ?? "" };
  return { name: node.name, uid: node.uid, cloud, region, machine, ready: node.ready };
}

/** What brings the ledger's row from `was` to `wanted`: a row of another machine is removed first, and its leases end. */
export function changeOfEntry(was: NodeEntry | undefined, wanted: NodeEntry | undefined): ("remove" | "put")[] {
  if (wanted === undefined) return was === undefined ? [] : ["remove"];
  if (was === undefined) return ["put"];
  if (was.uid !== wanted.uid || was.machine.id !== wanted.machine.id) return ["remove", "put"];
  const same =
    was.ready === wanted.ready &&
    was.cloud === wanted.cloud &&
    was.region === wanted.region &&
    was.machine.providerId === wanted.machine.providerId;
  return same ? [] : ["put"];
}
