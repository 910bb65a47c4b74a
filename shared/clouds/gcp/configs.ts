import { EgressError } from "../../errors.ts";
import type { Assignment } from "../port.ts";
import type { GcpCalls, GcpOptions, NewConfig, Operation, Target } from "./calls.ts";
import { briefly, change, type Outcome, persistently } from "./change.ts";
import { gcpError, isRefusal } from "./errors.ts";
import { type GcpNode, readMachine } from "./machine.ts";
import { requestIdOf, type Step } from "./request-id.ts";

/**
 * The access config of a node that had none before: its name remembers that no ephemeral address is to be given back.
 * Elsewhere the config keeps the name it had.
 */
export const ownConfigName = "static-egress";

const targetOf = (node: GcpNode, step: Step, attempt: string): Target => ({
  zone: node.zone,
  instance: node.name,
  networkInterface: node.interfaceName,
  requestId: requestIdOf(step, attempt, node.id),
});

/** Takes the node's access config off; answers once it is gone. Nothing has been changed when it throws, unless CLOUD_UNKNOWN. */
export async function removeConfig(
  calls: GcpCalls,
  options: GcpOptions,
  node: GcpNode,
  step: "swap" | "remove" | "empty",
  { attempt, stillMine }: Assignment,
): Promise<void> {
  if (node.config === undefined) return;
  const { name } = node.config;
  let asked = false;
  async function start(): Promise<Operation> {
    // GCE goes by the name: another machine may have it when the request is repeated.
    if (asked) await readMachine(calls, node, options);
    asked = true;
    return calls.deleteConfig(targetOf(node, step, attempt), name);
  }
  const outcome = await change(calls, node.zone, start, briefly, stillMine);
  if (outcome.state === "done") return;
  const permission = "compute.instances.deleteAccessConfig";
  if (isRefusal(outcome.cause)) throw failure(outcome, permission, node);
  const now = await readAgain(calls, options, node, outcome.cause);
  if (now.config === undefined) return;
  throw failure(outcome, permission, node);
}

/** Puts an access config on a node that has none, and does not give up easily: the node has no way out meanwhile. */
export function addConfig(
  calls: GcpCalls,
  node: GcpNode,
  step: "add" | "restore" | "giveBack",
  { attempt, stillMine }: Assignment,
  config: NewConfig,
): Promise<Outcome> {
  const start = () => calls.addConfig(targetOf(node, step, attempt), config);
  // An ephemeral address is given back by whoever took it, however late.
  return change(calls, node.zone, start, persistently, step === "add" ? stillMine : undefined);
}

/** Reads the node after a change that did not end well; CLOUD_UNKNOWN when it cannot be read. */
export async function readAgain(calls: GcpCalls, options: GcpOptions, node: GcpNode, cause: unknown): Promise<GcpNode> {
  try {
    return await readMachine(calls, node, options);
  } catch (error) {
    throw new EgressError("CLOUD_UNKNOWN", `a change of ${node.id} may have been done or not: it cannot be read`, {
      cause: new AggregateError([cause, error]),
    });
  }
}

/** The error of a change that has not taken effect as far as can be seen. */
export function failure(outcome: Exclude<Outcome, { state: "done" }>, permission: string, node: GcpNode): EgressError {
  const known = gcpError(outcome.cause, permission, node.id);
  if (outcome.state === "failed") return known;
  return new EgressError("CLOUD_UNKNOWN", `${known.message}; it may yet take effect`, { cause: outcome.cause });
}
