import type { Instance } from "@aws-sdk/client-ec2";
import { EgressError } from "../../errors.ts";
import type { CloudNode, Machine } from "../port.ts";
import { providerIdOf, zoneIsIn } from "../provider-id.ts";
import type { AwsCalls } from "./calls.ts";

/** A node as one DescribeInstances shows it, with what an association needs to know. */
export interface AwsNode extends CloudNode {
  readonly interfaceId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly state: string;
}

/** Checks that the providerID is of this cloud and region, without asking the cloud. */
export function instanceIdOf(providerId: string, region: string): string {
  const { zone, instance } = providerIdOf("aws", providerId);
  if (zoneIsIn(zone, region)) return instance;
  throw new EgressError("NODE_OTHER_REGION", `node ${providerId} is in zone ${zone}; the pool's region is ${region}`);
}

/** Reads the machine. Throws NODE_UNKNOWN when there is none, or when it has no primary interface (terminated). */
export async function readNode(
  calls: AwsCalls,
  providerId: string,
  region: string,
  signal?: AbortSignal,
): Promise<AwsNode> {
  const id = instanceIdOf(providerId, region);
  const instance = await calls.describeInstance(id, signal);
  const node = instance === undefined ? undefined : nodeFrom(instance, { id, providerId });
  if (node !== undefined) return node;
  const state = instance?.State?.Name;
  throw new EgressError(
    "NODE_UNKNOWN",
    state === undefined ? `there is no instance ${id} in ${region}` : `instance ${id} is ${state}`,
  );
}

/** Undefined for a machine without a primary interface: a terminated one. */
export function nodeFrom(instance: Instance, machine: Machine): AwsNode | undefined {
  const interfaces = instance.NetworkInterfaces ?? [];
  const primary = interfaces.find((nic) => nic.Attachment?.DeviceIndex === 0);
  if (primary?.NetworkInterfaceId === undefined) return undefined;
  const state = instance.State?.Name ?? "unknown";
  // The SDK may answer an empty association for none.
  const association = primary.Association;
  return {
    ...machine,
    state,
    running: state === "running",
    egressIp: association?.PublicIp ?? null,
    // An elastic address is owned by an account; the automatic one by 'amazon'.
    kind: association?.PublicIp === undefined ? "none" : association.IpOwnerId === "amazon" ? "ephemeral" : "reserved",
    interfaces: interfaces.length,
    interfaceId: primary.NetworkInterfaceId,
    subnetId: primary.SubnetId ?? "",
    vpcId: primary.VpcId ?? "",
  };
}
