import type { Address, Instance } from "@aws-sdk/client-ec2";
import { listAddresses } from "../../shared/clouds/aws/addresses.ts";
import { attach } from "../../shared/clouds/aws/attach.ts";
import type { AwsCalls, Doubt } from "../../shared/clouds/aws/calls.ts";
import { detach } from "../../shared/clouds/aws/detach.ts";
import { readNode } from "../../shared/clouds/aws/machine.ts";
import { createRouteCheck } from "../../shared/clouds/aws/routes.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import { EgressError } from "../../shared/errors.ts";
import type { State, TrueAddress, Truth } from "./truth.ts";
import { NoAnswer, Refused, type Send } from "./weather.ts";

export const region = "eu-west-1";
const account = "123456789012";

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
  async function read<T>(
    action: string,
    machine: string,
    signal: AbortSignal | undefined,
    perform: (state: State) => T,
    inventory = false,
  ): Promise<T> {
    try {
      return await send({ action, changes: false, machine, signal, inventory }, perform);
    } catch (error) {
      throw refusalOf(error) ?? new EgressError("CLOUD_UNAVAILABLE", `ec2:${action} failed`, { cause: error });
    }
  }
  /** As the SDK does it: what is not refused for good is sent once more. */
  async function change(
    action: string,
    allocationId: string,
    machine: string,
    signal: AbortSignal | undefined,
    perform: () => void,
    requireStillMine?: () => void,
  ): Promise<Doubt | null> {
    let refused = true;
    for (let tries = 1; ; tries += 1) {
      try {
        requireStillMine?.();
        await send({ action, changes: true, machine, signal }, perform);
        return null;
      } catch (error) {
        const refusal = refusalOf(error);
        refused &&= refusal !== undefined;
        const isFinal = refusal !== undefined && refusal.code !== "CLOUD_THROTTLED";
        if (!isFinal && tries === 1 && signal?.aborted !== true) {
          await new Promise((resolve) => setTimeout(resolve, 150));
          continue;
        }
        if (refused && refusal !== undefined) throw refusal;
        return { action, allocationId, cause: error };
      }
    }
  }

  return {
    describeInstance: (id, signal) =>
      read("DescribeInstances", id, signal, (state): Instance | undefined => instanceOf(state, id)),
    describeAddresses: (_filters, signal) =>
      read("DescribeAddresses", "", signal, (state) => all(state).map(addressOf), true),
    describeAddress: (id, signal) =>
      read("DescribeAddresses", "", signal, (state) => {
        const address = state.addresses.get(id);
        return address && addressOf(address);
      }),
    describeRouteTables: (_filter, signal) =>
      read("DescribeRouteTables", "", signal, () => [{ Routes: [{ GatewayId: "igw-1", State: "active" }] }]),
    associate: (id, interfaceId, signal, requireStillMine) =>
      change(
        "AssociateAddress",
        id,
        interfaceId.replace(/^eni-/, "i-"),
        signal,
        () => {
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
        },
        requireStillMine,
      ),
    disassociate: (id, association, signal) =>
      change("DisassociateAddress", id, truth.addresses.get(id)?.machine ?? "", signal, () => {
        // Somebody was faster: not a refusal (shared/clouds/aws/errors.ts).
        if (truth.addresses.get(id)?.association !== association) throw new NoAnswer("InvalidAssociationID.NotFound");
        truth.detach(id, by);
      }),
  };
}

/** What EC2 itself refuses has changed nothing; every other failure leaves it open. */
function refusalOf(error: unknown): EgressError | undefined {
  if (error instanceof EgressError) return error;
  if (!(error instanceof Refused) || error.why === "broken") return undefined;
  return new EgressError(error.why === "denied" ? "CLOUD_DENIED" : "CLOUD_THROTTLED", error.message);
}

const all = (state: State): TrueAddress[] => [...state.addresses.values()].filter(({ cloud }) => cloud === "aws");

function addressOf({ id, ip, machine, association }: TrueAddress): Address {
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

function instanceOf(state: State, id: string): Instance | undefined {
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
