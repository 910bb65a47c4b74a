import type { MemoryCloud } from "../../shared/clouds/memory/cloud.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import type { Kubelet, RunningPod } from "./kubelet.ts";

/** One moment, as the ledger, the cloud and the kubelet each have it. */
export interface Facts {
  readonly snapshot: Snapshot;
  readonly cloud: MemoryCloud["state"];
  readonly pods: readonly RunningPod[];
}

export function factsOf(snapshot: Snapshot, cloud: MemoryCloud, kubelet: Kubelet): Facts {
  return { snapshot, cloud: cloud.state, pods: kubelet.pods() };
}

/** Whether the app runs, its lease is held, and ledger and cloud agree on where it leaves from. */
export function leavesFrom({ snapshot, cloud, pods }: Facts, name: string, ip: string): boolean {
  const running = pods.find(({ pod }) => pod.metadata.name === name);
  const lease = snapshot.leases.find(({ podUid }) => podUid === running?.pod.metadata.uid);
  const attachment = snapshot.attachments.find(({ machine }) => machine.id === lease?.machine);
  const node = running?.pod.spec.nodeName ?? "";
  return (
    running?.phase === "running" &&
    lease?.state === "held" &&
    attachment?.state === "attached" &&
    attachment.address.ip === ip &&
    cloud.holders.get(ip) === node &&
    cloud.nodes.get(node)?.egressIp === ip
  );
}

/** The pool's address on a node, when ledger and cloud agree that it is attached. */
export function addressOn({ snapshot, cloud }: Facts, node: string): string | undefined {
  const attachment = snapshot.attachments.find(({ machine, state }) => machine.id === node && state === "attached");
  const ip = attachment?.address.ip;
  return ip !== undefined && cloud.holders.get(ip) === node ? ip : undefined;
}

/** In a line, for a claim that does not hold. */
export function inAWord({ snapshot, cloud, pods }: Facts): string {
  return JSON.stringify({
    pods: pods.map(({ pod, phase }) => `${pod.metadata.name} on ${pod.spec.nodeName} ${phase}`),
    leases: snapshot.leases.map(({ pod, node, state }) => `${pod} on ${node} ${state}`),
    waiters: snapshot.waiters.map(({ pod, position, reason }) => `${pod} ${reason} #${position}`),
    attachments: snapshot.attachments.map(({ node, address, state }) => `${address.ip} on ${node} ${state}`),
    cloud: [...cloud.nodes.values()].map(({ name, egressIp, kind }) => `${name} ${kind} ${egressIp}`),
  });
}
