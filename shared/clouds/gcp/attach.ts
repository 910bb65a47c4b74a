import { EgressError } from "../../errors.ts";
import type { Assignment, Attached } from "../port.ts";
import type { Address, GcpCalls, GcpOptions } from "./calls.ts";
import { addConfig, failure, ownConfigName, readAgain, removeConfig } from "./configs.ts";
import { type GcpNode, readMachine } from "./machine.ts";
import { requireStillMine } from "../still-mine.ts";
import { restore, wasLeftWithout } from "./stranded.ts";

/**
 * Two reads, then two operations with no way out for the node in between: everything that can be known beforehand is looked
 * at first. When it fails and the node has lost its ephemeral address, now or to an earlier attempt, that one is given back
 * before the error is thrown; NODE_WITHOUT_ADDRESS when it cannot be.
 */
export async function attach(
  calls: GcpCalls,
  options: GcpOptions,
  assignment: Assignment,
  signal?: AbortSignal,
): Promise<Attached> {
  const { machine, address, publicAddress } = assignment;
  const { ip } = address;
  const node = await readMachine(calls, machine, options);
  if (node.egressIp === ip) return { ip, hadEphemeral: node.config?.name !== ownConfigName };
  const isStranded = node.config === undefined && (await wasLeftWithout(calls, node));
  const hadEphemeral = node.config !== undefined || isStranded;

  let reserved: Address;
  try {
    if (!node.running) {
      throw new EgressError("NODE_NOT_RUNNING", `node ${node.id} is ${node.status}; accepted: RUNNING`);
    }
    reserved = await readReserved(calls, node, address);
    if (signal?.aborted === true) {
      throw new EgressError("CLOUD_UNAVAILABLE", `the attach of ${ip} to ${node.id} was stopped; nothing was changed`);
    }
  } catch (error) {
    if (isStranded) {
      requireStillMine(assignment);
      await restore(calls, node, assignment, error);
    }
    throw error;
  }

  requireStillMine(assignment);
  await removeConfig(calls, options, node, "swap", assignment);
  if (hadEphemeral) publicAddress?.(false);
  try {
    // Whoever has the right to work by now may have undone it already: the address would be there for nobody.
    requireStillMine(assignment);
  } catch (error) {
    if (hadEphemeral) await restore(calls, node, assignment, error);
    throw error;
  }
  const name = node.config?.name ?? (hadEphemeral ? "External NAT" : ownConfigName);
  const config = { name, networkTier: reserved.networkTier ?? "PREMIUM", natIP: ip };
  const outcome = await addConfig(calls, node, "add", assignment, config);
  if (outcome.state !== "done") {
    const now = await readAgain(calls, options, node, outcome.cause);
    if (now.egressIp !== ip) {
      const error = failure(outcome, "compute.instances.addAccessConfig", node);
      // A read may show what was there before: after a plain refusal it is not asked.
      if (hadEphemeral && (outcome.state === "failed" || now.config === undefined))
        await restore(calls, node, assignment, error);
      throw error;
    }
  }
  publicAddress?.(true);
  return { ip, hadEphemeral };
}

/** The address as it is reserved, from one list that also tells whether the node carries a reserved one already. */
async function readReserved(calls: GcpCalls, node: GcpNode, address: Assignment["address"]): Promise<Address> {
  const carried = node.egressIp === null ? "" : ` OR (address="${node.egressIp}")`;
  const found = await calls.listAddresses(`(name="${address.id}")${carried}`);
  if (node.egressIp !== null && found.some((row) => row.address === node.egressIp)) {
    const what = `node ${node.id} carries the static address ${node.egressIp}, which is not the one to be attached`;
    throw new EgressError("NODE_FOREIGN_ADDRESS", `${what}; nothing was changed`);
  }
  const reserved = found.find((row) => row.name === address.id);
  if (reserved?.address !== address.ip) {
    const seen = reserved === undefined ? "" : ` any more: it is ${reserved.address}`;
    throw new EgressError("ADDRESS_MISSING", `there is no address ${address.id} with ${address.ip}${seen}`);
  }
  const [user] = reserved.users ?? [];
  if (user) throw new EgressError("ADDRESS_TAKEN", `${address.id} is on ${user}`);
  return reserved;
}
