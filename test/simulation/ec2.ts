import type { Address, Instance } from "@aws-sdk/client-ec2";
import { listAddresses } from "../../shared/clouds/aws/addresses.ts";
import { attach } from "../../shared/clouds/aws/attach.ts";
import type { AwsCalls, Doubt } from "../../shared/clouds/aws/calls.ts";
import { detach } from "../../shared/clouds/aws/detach.ts";
import { readNode } from "../../shared/clouds/aws/machine.ts";
import { createRouteCheck } from "../../shared/clouds/aws/routes.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import { EgressError } from "../../shared/errors.ts";
import type { Truth } from "./truth.ts";

export const region = "eu-west-1";
const account = "123456789012";

/** One call on its way: performs it over the state that it is to see, or fails as the network or the service does. */
export type Send = <T>(
  call: { readonly action: string; readonly changes: boolean; readonly signal: AbortSignal | undefined },
  perform: (state: Pick<Truth, "machines" | "addresses">) => T,
) => Promise<T>;

/** What was sent and not answered: the outcome is unknown. */
export class NoAnswer extends Error {}

/** The project's own adapter of AWS over a simulated EC2 that keeps EC2's rules, silent displacing included. */
export function createEc2Cloud(truth: Truth, send: Send, by: string, clock: () => number): Cloud {
  const calls = createCalls(truth, send, by);
  const requirePublicSubnet = createRouteCheck(calls, clock);
  return {
    listAddresses: (pool, signal) => listAddresses(calls, pool, signal),
    describeNode: (providerId, signal) => readNode(calls, providerId, region, signal),
    attach: (_pool, assignment, signal) => attach(calls, requirePublicSubnet, region, assignment, signal),
    detach: (pool, assignment, signal) => detach(calls, pool, assignment, signal),
  };
}

function createCalls(truth: Truth, send: Send, by: string): AwsCalls {
  async function read<T>(action: string, signal: AbortSignal | undefined, perform: Parameters<typeof send<T>>[1]) {
    try {
      return await send({ action, changes: false, signal }, perform);
    } catch (error) {
      if (error instanceof EgressError) throw error;
      throw new EgressError("CLOUD_UNAVAILABLE", `ec2:${action} failed`, { cause: error });
    }
  }
  async function change(
    action: string,
    allocationId: string,
    signal: AbortSignal | undefined,
    perform: () => void,
  ): Promise<Doubt | null> {
    try {
      await send({ action, changes: true, signal }, perform);
      return null;
    } catch (error) {
      if (error instanceof EgressError) throw error;
      return { action, allocationId, cause: error };
    }
  }

  return {
    describeInstance: (id, signal) =>
      read("DescribeInstances", signal, (state): Instance | undefined => instanceOf(state, id)),
    describeAddresses: (_filters, signal) =>
      read("DescribeAddresses", signal, (state) => [...state.addresses.values()].map(addressOf)),
    describeAddress: (id, signal) =>
      read("DescribeAddresses", signal, (state) => {
        const address = state.addresses.get(id);
        return address && addressOf(address);
      }),
    describeRouteTables: (_filter, signal) =>
      read("DescribeRouteTables", signal, () => [{ Routes: [{ GatewayId: "igw-1", State: "active" }] }]),
    associate: (id, interfaceId, signal) =>
      change("AssociateAddress", id, signal, () => {
        const instance = interfaceId.replace(/^eni-/, "i-");
        const machine = truth.machines.get(instance);
        const address = truth.addresses.get(id);
        if (address === undefined) throw new EgressError("ADDRESS_MISSING", `there is no ${id}`);
        if (machine === undefined || machine.power === "terminated") {
          throw new EgressError("NODE_UNKNOWN", `there is no ${interfaceId}`);
        }
        if (address.machine !== null && address.machine !== instance) {
          throw new EgressError("ADDRESS_TAKEN", `${id} is on ${address.machine}`);
        }
        truth.attach(id, instance, by);
      }),
    disassociate: (id, association, signal) =>
      change("DisassociateAddress", id, signal, () => {
        // Somebody was faster: not a refusal (shared/clouds/aws/errors.ts).
        if (truth.addresses.get(id)?.association !== association) throw new NoAnswer("InvalidAssociationID.NotFound");
        truth.detach(id, by);
      }),
  };
}

function addressOf({ id, ip, machine, association }: Parameters<Truth["addresses"]["set"]>[1]): Address {
  if (machine === null || association === null) return { AllocationId: id, PublicIp: ip };
  const nic = machine.replace(/^i-/, "eni-");
  return {
    AllocationId: id,
    PublicIp: ip,
    AssociationId: association,
    InstanceId: machine,
    NetworkInterfaceId: nic,
  };
}

const stateNames = { on: "running", off: "stopped", terminated: "terminated" } as const;

function instanceOf(state: Pick<Truth, "machines" | "addresses">, id: string): Instance | undefined {
  const machine = state.machines.get(id);
  if (machine === undefined) return undefined;
  if (machine.power === "terminated") return { InstanceId: id, State: { Name: "terminated" }, NetworkInterfaces: [] };
  const carried = [...state.addresses.values()].find((address) => address.machine === id);
  const association =
    carried !== undefined
      ? { PublicIp: carried.ip, IpOwnerId: account }
      : machine.ephemeral !== null
        ? { PublicIp: machine.ephemeral, IpOwnerId: "amazon" }
        : undefined;
  return {
    InstanceId: id,
    State: { Name: stateNames[machine.power] },
    NetworkInterfaces: Array.from({ length: machine.interfaces }, (_, index) => ({
      NetworkInterfaceId: index === 0 ? id.replace(/^i-/, "eni-") : `${id}-${index}`,
      SubnetId: "subnet-1",
      VpcId: "vpc-1",
      Attachment: { DeviceIndex: index },
      ...(index === 0 && association !== undefined ? { Association: association } : {}),
    })),
  };
}
