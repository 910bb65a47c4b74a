import type { NodeEntry } from "../../shared/ledger/port.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { ClusterNode } from "./cluster/port.ts";

/** What a providerID says without asking the cloud. */
export type Provider =
  | { readonly cloud: "aws"; readonly region: string; readonly id: string }
  /** GCE names come back with another machine behind them: the numeric id has to be asked for. */
  | { readonly cloud: "gcp"; readonly region: string; readonly project: string }
  | { readonly cloud: "memory"; readonly region: string; readonly id: string }
  | { readonly cloud: "other" };

const awsProvider = /^aws:\/\/\/(?<zone>[^/]+)\/(?<id>i-[0-9a-f]+)$/;
const gcpProvider = /^gce:\/\/(?<project>[^/]+)\/(?<zone>[^/]+)\/[^/]+$/;
const memoryProvider = /^memory:\/\/\/(?<name>[^/]+)$/;
/** The region within a zone: `eu-west-1` of `eu-west-1a`, and of the local zone `eu-west-1-ham-1a`. */
const awsRegion = /^[a-z]+(-[a-z]+)+-\d+/;

/** Reads a node's providerID. The region label, where there is one, goes before what the zone's name suggests. */
export function parseProvider(node: Pick<ClusterNode, "providerId" | "region">): Provider {
  const providerId = node.providerId ?? "";
  const aws = awsProvider.exec(providerId)?.groups;
  if (aws?.["zone"] !== undefined && aws["id"] !== undefined) {
    return { cloud: "aws", region: node.region ?? awsRegion.exec(aws["zone"])?.[0] ?? aws["zone"], id: aws["id"] };
  }
  const gcp = gcpProvider.exec(providerId)?.groups;
  if (gcp?.["zone"] !== undefined && gcp["project"] !== undefined) {
    return { cloud: "gcp", region: node.region ?? gcp["zone"].replace(/-[a-z]$/, ""), project: gcp["project"] };
  }
  const memory = memoryProvider.exec(providerId)?.groups;
  if (memory?.["name"] !== undefined) {
    return { cloud: "memory", region: node.region ?? "local", id: memory["name"] };
  }
  return { cloud: "other" };
}

/** The pool through whose cloud a machine of that provider can be asked for: best one of its own project and region. */
export function poolToAsk(pools: readonly Pool[], provider: { project: string; region: string }): Pool | undefined {
  const gcp = pools.filter((pool) => pool.cloud === "gcp");
  return (
    gcp.find((pool) => pool.project === provider.project && pool.region === provider.region) ??
    gcp.find((pool) => pool.project === provider.project) ??
    gcp[0]
  );
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
