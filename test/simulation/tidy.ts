import type { Snapshot } from "../../shared/ledger/records.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import { isStranger, type World } from "./world.ts";

/**
 * What is not yet as it should be when nothing has gone wrong for a while; empty when all is well: every address without a
 * lease is free (or kept by policy), every pod has its address or a good reason, and ledger, cloud and cluster agree.
 */
export function untidy(world: World, nodes: Nodes, pods: Pods, ledger: Snapshot): string[] {
  const { truth, cluster } = world;
  const wrong: string[] = [];
  const living = [...pods.all.values()].filter((pod) => pod.phase !== "gone");
  const poolOf = (id: string): string | undefined =>
    world.pools.find((pool) => pool.select.addresses?.includes(id))?.name;
  const there = nodes.all.filter((node) => !node.lost);
  const byMachine = new Map(there.map((node) => [node.machine, node]));

  for (const node of there) {
    const carried = truth.carriedBy(node.machine);
    const here = living.filter((pod) => pod.node === node);
    const attachment = ledger.attachments.find(({ machine }) => machine.id === node.machine);
    const isOurs = carried !== null && !carried.id.startsWith("foreign");
    // An address that has left its pool is known by the ledger alone: one that forgets leaves it where it is.
    if (world.forgetful && isOurs && poolOf(carried.id) === undefined) continue;
    if (attachment !== undefined && !["attached", "kept"].includes(attachment.state)) {
      wrong.push(`${node.name} is ${attachment.state} in the ledger`);
    }
    if (isOurs !== (attachment !== undefined) || (isOurs && attachment?.address.ip !== carried.ip)) {
      wrong.push(`${node.name} carries ${carried?.ip}, the ledger says ${attachment?.address.ip}`);
    }
    const policy = world.pools.find(({ name }) => name === attachment?.pool)?.onRelease ?? "release";
    const mayStay = node.setting.cloud === "aws" && node.setting.interfaces > 1 && policy !== "release";
    if (isOurs && !here.some(({ pool }) => pool === attachment?.pool) && !mayStay) {
      wrong.push(`${node.name} carries ${carried.ip} for nobody`);
    }
    if (carried === null) wrong.push(...stranded(world, node));
    const object = cluster.node(node.name);
    const shown = attachment === undefined ? null : attachment.address.ip;
    if ((object?.address ?? null) !== shown) wrong.push(`${node.name} is marked ${object?.address}, not ${shown}`);
    for (const pod of here) wrong.push(...untidyPod(world, pod, ledger, attachment?.pool));
  }
  for (const { id, ip, machine } of truth.addresses.values()) {
    if (id.startsWith("foreign") || machine === null || isStranger(machine)) continue;
    if (!byMachine.has(machine)) wrong.push(`${ip} is on ${machine}, which is of no node`);
  }
  for (const lease of ledger.leases) {
    if (!living.some((pod) => pod.uid === lease.podUid)) wrong.push(`a lease of ${lease.pod}, which is gone`);
  }
  for (const { machine, address } of ledger.attachments) {
    if (!byMachine.has(machine.id)) wrong.push(`an attachment of ${address.ip} to ${machine.id}, which is gone`);
  }
  for (const { id, ip, state, pool } of ledger.addresses) {
    const on = truth.addresses.get(id)?.machine ?? null;
    const should = on === null ? "free" : byMachine.has(on) ? "used" : "taken";
    if (poolOf(id) === pool && state !== should) wrong.push(`${ip} is ${state} in the ledger, ${should} in truth`);
  }
  return wrong;
}

/** EC2 gives no automatic address back to a machine with several interfaces; on GCE it is ours to give it back. */
function stranded({ truth, forgetful }: World, { name, machine, setting }: Node): string[] {
  // What a swap that was cut off took from a node is known by the ledger alone, until the node's next attach.
  if (forgetful && setting.cloud === "gcp") return [];
  const ephemeral = truth.machines.get(machine)?.ephemeral ?? null;
  if (setting.carries === "none")
    return ephemeral === null ? [] : [`${name} had no public address, and has ${ephemeral}`];
  return ephemeral === null && (setting.cloud === "gcp" || setting.interfaces === 1)
    ? [`${name} has no public address`]
    : [];
}

function untidyPod(world: World, pod: Pod, ledger: Snapshot, served: string | undefined): string[] {
  const { truth } = world;
  const carried = truth.carriedBy(pod.machine);
  const lease = ledger.leases.find(({ podUid }) => podUid === pod.uid);
  if (pod.sidecar === undefined) return [`${pod.name} has no sidecar`];
  if (pod.phase === "ending") return [`${pod.name} is still going`];
  if (lease !== undefined) {
    const marked = world.cluster.pod(pod.uid)?.address;
    const told = marked === pod.address ? [] : [`${pod.name} is marked ${marked}, and has ${pod.address}`];
    if (served !== pod.pool) return [`${pod.name} has a lease, and its node serves ${served}`];
    if (pod.address === carried?.ip && pod.ready) return told;
    return [`${pod.name} has ${pod.address}, its machine ${carried?.ip}`];
  }
  if (carried?.id.startsWith("foreign") === true) return [];
  if (served !== undefined && served !== pod.pool) return [];
  const free = (world.pools.find(({ name }) => name === pod.pool)?.select.addresses ?? []).filter(
    (id) => truth.addresses.get(id)?.machine === null,
  );
  return free.length === 0 ? [] : [`${pod.name} waits, and ${free.join()} is free`];
}
