import type { Snapshot } from "../../shared/ledger/port.ts";
import type { Nodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import type { Change } from "./truth.ts";
import { stranger, type World } from "./world.ts";

/** Invariants of the design, section 3, seen from the outside: the cloud's own record, the pods' gates, the cluster. */
export interface Invariants {
  /** Right before the cloud makes a change. */
  changes(change: Change): void;
  /** The moment that a sidecar opens a gate. */
  opens(pod: Pod, ip: string | null, isFirst: boolean): void;
  /** Somebody meddles with the address: what pods on its node have is no longer our doing. */
  meddles(addressId: string): void;
}

export function createInvariants(world: World, pods: Pods): Invariants {
  const { story, truth } = world;
  /** Addresses that somebody else took off a machine, until we put them somewhere again. */
  const meddled = new Set<string>();

  return {
    changes({ kind, address, machine, by, displaced }) {
      if (by === "hand") return;
      const pooled =
        world.history.setting.pools.length > 0 && address.id.startsWith("eipalloc-") && !address.id.includes("foreign");
      if (!pooled) story.violate("6", `${address.ip} is of no pool, and ${by} touches it`);
      if (kind === "attach") {
        meddled.delete(address.id);
        if (displaced !== null) story.violate("1", `${by} displaces ${displaced.ip} on ${machine} by ${address.ip}`);
        if (machine === stranger) story.violate("6", `${by} attaches ${address.ip} to a machine of no node`);
        return;
      }
      if (strands(world, address.id, machine)) story.violate("8", `${by} leaves ${machine} without any public address`);
      if (machine === stranger) story.violate("10", `${by} takes ${address.ip} off a machine of no node`);
      for (const pod of pods.all.values()) {
        if (pod.machine !== machine || pod.app !== "running" || pod.address !== address.ip) continue;
        if (pod.excused !== "") continue;
        story.violate("3", `${by} takes ${address.ip} off ${machine}, and the app of ${pod.name} runs there`);
      }
    },
    opens(pod, ip, isFirst) {
      pod.excused = "";
      if (ip === null || !isFirst) return;
      const carried = truth.carriedBy(pod.machine);
      if (carried?.ip === ip) return;
      const address = [...truth.addresses.values()].find((one) => one.ip === ip);
      if (address !== undefined && meddled.has(address.id)) return;
      const seen = carried?.ip ?? "no address of a pool";
      story.violate("2", `${pod.name} may start with ${ip}; its machine ${pod.machine} has ${seen}`);
    },
    meddles(id) {
      meddled.add(id);
      const machine = truth.addresses.get(id)?.machine;
      for (const pod of pods.all.values()) if (pod.machine === machine) pod.excused = "meddled with";
    },
  };
}

/** Whether a node that is there would have no way out without the address, although the pool says that it keeps it then. */
function strands({ engine, history, truth, cluster, pools }: World, id: string, machine: string): boolean {
  const on = truth.machines.get(machine);
  const index = history.setting.pools.findIndex((_, at) => pools[at]?.select.addresses?.includes(id));
  const policy = history.setting.pools[index]?.onRelease ?? "release";
  const isThere = history.setting.nodes.some((_, at) => cluster.node(`node-${at}`)?.providerId === on?.providerId);
  if (on?.power !== "on" || engine.now() - on.onSinceMs < 15_000) return false;
  return on.interfaces > 1 && policy !== "release" && isThere;
}

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
  const byMachine = new Map(nodes.all.map((node) => [node.machine, node]));

  for (const node of nodes.all) {
    const carried = truth.carriedBy(node.machine);
    const here = living.filter((pod) => pod.node === node);
    const attachment = ledger.attachments.find(({ machine }) => machine.id === node.machine);
    const isOurs = carried !== null && !carried.id.includes("foreign");
    // Known gap: an address that no pool lists any more, and that was taken away by hand, is not missed by anybody.
    if (attachment !== undefined && !isOurs && poolOf(attachment.address.id) === undefined) continue;
    if (attachment !== undefined && !["attached", "kept"].includes(attachment.state)) {
      wrong.push(`${node.name} is ${attachment.state} in the ledger`);
    }
    if (isOurs !== (attachment !== undefined) || (isOurs && attachment?.address.ip !== carried.ip)) {
      wrong.push(`${node.name} carries ${carried?.ip}, the ledger says ${attachment?.address.ip}`);
    }
    const policy = world.pools.find(({ name }) => name === attachment?.pool)?.onRelease ?? "release";
    const mayStay = node.interfaces > 1 && policy !== "release";
    if (isOurs && !here.some(({ pool }) => pool === attachment?.pool) && !mayStay) {
      wrong.push(`${node.name} carries ${carried.ip} for nobody`);
    }
    const stranded = carried === null && truth.machines.get(node.machine)?.ephemeral === null;
    if (stranded && node.interfaces === 1) wrong.push(`${node.name} has no public address`);
    const object = cluster.node(node.name);
    const shown = attachment === undefined ? null : attachment.address.ip;
    if ((object?.address ?? null) !== shown) wrong.push(`${node.name} is marked ${object?.address}, not ${shown}`);
    for (const pod of here) wrong.push(...untidyPod(world, pod, ledger, attachment?.pool));
  }
  for (const { id, ip, machine } of truth.addresses.values()) {
    if (id.includes("foreign") || machine === null || machine === stranger) continue;
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
  if (carried?.id.includes("foreign") === true) return [];
  if (served !== undefined && served !== pod.pool) return [];
  const free = (world.pools.find(({ name }) => name === pod.pool)?.select.addresses ?? []).filter(
    (id) => truth.addresses.get(id)?.machine === null,
  );
  return free.length === 0 ? [] : [`${pod.name} waits, and ${free.join()} is free`];
}
