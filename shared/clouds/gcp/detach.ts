import type { Assignment, Detached } from "../port.ts";
import type { GcpCalls, GcpOptions } from "./calls.ts";
import { requireStillMine } from "../still-mine.ts";
import { addConfig, failure, ownConfigName, readAgain, removeConfig } from "./configs.ts";
import { findMachine, type GcpNode } from "./machine.ts";
import { wasLeftWithout } from "./stranded.ts";

/**
 * Takes off only what is on that very machine. Where an earlier detach (or an attach's swap) got only half way, the node stands
 * without any address: then only its ephemeral one is given back.
 */
export async function detach(
  calls: GcpCalls,
  options: GcpOptions,
  assignment: Assignment & { readonly restoreEphemeral: boolean },
): Promise<Detached> {
  const { machine, address, restoreEphemeral, publicAddress } = assignment;
  const node = await findMachine(calls, machine, options);
  if (node === undefined) return { outcome: "absent", egressIp: null };
  const isOurs = node.egressIp === address.ip;
  // The cloud itself tells what was there before: an attach that nobody could settle told nobody, and an adopted one is guessed.
  const gives = isOurs
    ? node.config?.name !== ownConfigName
    : node.config === undefined && (restoreEphemeral || (await wasLeftWithout(calls, node)));
  if (!isOurs && !gives) return { outcome: "absent", egressIp: node.egressIp };

  requireStillMine(assignment);
  if (isOurs) await removeConfig(calls, options, node, gives ? "remove" : "empty", assignment);
  publicAddress?.(false);
  const egressIp = gives ? await giveBack(calls, options, node, assignment) : null;
  if (gives) publicAddress?.(true);
  return { outcome: "detached", egressIp };
}

/** Answers the new ephemeral address; null when the machine gets it only at its next start. */
async function giveBack(
  calls: GcpCalls,
  options: GcpOptions,
  node: GcpNode,
  assignment: Assignment,
): Promise<string | null> {
  const kept = node.config?.name === ownConfigName ? undefined : node.config;
  const config = { name: "External NAT", networkTier: "PREMIUM", ...kept };
  const outcome = await addConfig(calls, node, "giveBack", assignment, config);
  const cause = outcome.state === "done" ? undefined : outcome.cause;
  const now = await readAgain(calls, options, node, cause);
  // A read may show what was there before.
  const isBack = outcome.state === "unknown" && now.config !== undefined && now.egressIp !== node.egressIp;
  if (outcome.state !== "done" && !isBack) {
    throw failure(outcome, "compute.instances.addAccessConfig", node);
  }
  return now.egressIp;
}
