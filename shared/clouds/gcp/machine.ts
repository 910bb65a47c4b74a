import { EgressError } from "../../errors.ts";
import type { Machine } from "../port.ts";
import { type ProviderId, providerIdOf, zoneIsIn } from "../provider-id.ts";
import type { GcpCalls, GcpOptions, Instance } from "./calls.ts";

/** A node as one instances.get shows it: its primary interface (`nic0`) and the access config on it, if any. */
export interface GcpNode extends Machine {
  readonly zone: string;
  readonly name: string;
  readonly numericId: string;
  readonly status: string;
  readonly running: boolean;
  readonly interfaces: number;
  readonly interfaceName: string;
  readonly egressIp: string | null;
  readonly config: { readonly name: string; readonly networkTier: string } | undefined;
}

/** Checks that the providerID is of this cloud, project and region, without asking the cloud. */
export function placeOf(providerId: string, { project, region }: GcpOptions): Extract<ProviderId, { cloud: "gcp" }> {
  const place = providerIdOf("gcp", providerId);
  if (place.project === project && zoneIsIn(place.zone, region)) return place;
  const seen = `node ${providerId} is in project ${place.project}, zone ${place.zone}`;
  throw new EgressError("NODE_OTHER_REGION", `${seen}; the pool's are ${project}, ${region}`);
}

/** One read. Undefined when no machine has the name. */
export async function findNode(calls: GcpCalls, providerId: string, options: GcpOptions): Promise<GcpNode | undefined> {
  const { zone, instance: name } = placeOf(providerId, options);
  const instance = await calls.getInstance(zone, name);
  return instance === undefined ? undefined : nodeFrom(instance, providerId, zone, name);
}

/** Undefined, too, when another machine has the name by now. */
export async function findMachine(
  calls: GcpCalls,
  machine: Machine,
  options: GcpOptions,
): Promise<GcpNode | undefined> {
  const node = await findNode(calls, machine.providerId, options);
  return node?.id === machine.id ? node : undefined;
}

/** As findMachine, but throws NODE_UNKNOWN. */
export async function readMachine(calls: GcpCalls, machine: Machine, options: GcpOptions): Promise<GcpNode> {
  const node = await findMachine(calls, machine, options);
  if (node !== undefined) return node;
  throw new EgressError("NODE_UNKNOWN", `there is no machine ${machine.id} behind ${machine.providerId} (any more)`);
}

export const machineIdOf = (name: string, numericId: unknown): string => `${name}.${String(numericId)}`;

function nodeFrom(instance: Instance, providerId: string, zone: string, name: string): GcpNode {
  const interfaces = instance.networkInterfaces ?? [];
  const primary = interfaces.find((nic) => nic.name === "nic0") ?? interfaces[0];
  const config = primary?.accessConfigs?.[0];
  const status = instance.status ?? "unknown";
  return {
    id: machineIdOf(name, instance.id),
    providerId,
    zone,
    name,
    numericId: String(instance.id),
    status,
    running: status === "RUNNING",
    interfaces: interfaces.length,
    interfaceName: primary?.name ?? "nic0",
    // proto3 JSON has no difference between an empty text and none.
    egressIp: config?.natIP || null,
    config: config && { name: config.name ?? "", networkTier: config.networkTier ?? "PREMIUM" },
  };
}
