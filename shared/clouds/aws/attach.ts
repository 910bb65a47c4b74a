import type { Address } from "@aws-sdk/client-ec2";
import { EgressError } from "../../errors.ts";
import type { Assignment, Attached } from "../port.ts";
import type { AwsCalls } from "./calls.ts";
import { type AwsNode, readNode } from "./machine.ts";
import { requireStillMine } from "../still-mine.ts";
import { settle } from "./settle.ts";

/** One read and one change. */
export async function attach(
  calls: AwsCalls,
  requirePublicSubnet: (node: AwsNode, signal?: AbortSignal) => Promise<void>,
  region: string,
  assignment: Assignment,
  signal?: AbortSignal,
): Promise<Attached> {
  const { machine, address } = assignment;
  const node = await readNode(calls, machine.providerId, region, signal);
  // Already there, as it seems: it is associated all the same, which changes nothing then. EC2 may have told old state.
  if (node.egressIp !== address.ip) requireRoom(node);
  await requirePublicSubnet(node, signal);
  requireStillMine(assignment);
  const doubt = await calls.associate(address.id, node.interfaceId, signal, () => requireStillMine(assignment));
  if (doubt !== null) await settle(calls, doubt, (found) => isOn(node, address.id, found), signal);
  // EC2 gives an automatic address back by itself, where it does: what was there before need not be remembered.
  return { ip: address.ip, hadEphemeral: node.kind === "ephemeral" || node.egressIp === address.ip };
}

/** Associating would silently displace a reserved address that is there already: it must not come to that. */
function requireRoom(node: AwsNode): void {
  if (node.kind === "reserved") {
    const what = `node ${node.id} carries the static address ${node.egressIp}, which is not the one to be attached`;
    throw new EgressError("NODE_FOREIGN_ADDRESS", `${what}; nothing was changed`);
  }
  if (!node.running) throw new EgressError("NODE_NOT_RUNNING", `node ${node.id} is ${node.state}; accepted: running`);
}

function isOn(node: AwsNode, allocationId: string, found: Address | undefined): boolean {
  if (found === undefined) throw new EgressError("ADDRESS_MISSING", `there is no ${allocationId}`);
  if (found.NetworkInterfaceId === node.interfaceId) return true;
  if (found.AssociationId === undefined) return false;
  const holder = found.InstanceId ?? found.NetworkInterfaceId ?? found.AssociationId;
  throw new EgressError("ADDRESS_TAKEN", `${allocationId} is on ${holder}`);
}
