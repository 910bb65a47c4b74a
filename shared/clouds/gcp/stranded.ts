import { EgressError } from "../../errors.ts";
import type { Assignment } from "../port.ts";
import type { GcpCalls } from "./calls.ts";
import { addConfig } from "./configs.ts";
import type { GcpNode } from "./machine.ts";
import { isRequestOf } from "./request-id.ts";

/**
 * Whether a node without any address lost its ephemeral one to an attempt of ours that got only half way: GCE's own record of
 * operations tells. A node that never had one is not given any.
 */
export async function wasLeftWithout(calls: GcpCalls, node: GcpNode): Promise<boolean> {
  const filter = `(targetId=${node.numericId}) AND (operationType="deleteAccessConfig")`;
  try {
    const operations = await calls.listOperations(node.zone, filter);
    const ids = operations.map((operation) => operation.clientOperationId ?? "");
    return ids.some((id) => isRequestOf("swap", id) || isRequestOf("remove", id));
  } catch (error) {
    const what = `${node.id} has no public address, and whether it lost one to an earlier attempt cannot be read`;
    throw withoutAddress(what, error);
  }
}

/** Gives an ephemeral address back after `error`; throws NODE_WITHOUT_ADDRESS when that fails, too. */
export async function restore(calls: GcpCalls, node: GcpNode, assignment: Assignment, error: unknown): Promise<void> {
  const { publicAddress } = assignment;
  publicAddress?.(false);
  const config = { name: "External NAT", networkTier: "PREMIUM", ...node.config };
  const outcome = await addConfig(calls, node, "restore", assignment, config);
  if (outcome.state === "done") return publicAddress?.(true);
  const why = error instanceof Error ? error.message : String(error);
  const what = `${why}; and giving ${node.id} an ephemeral address back failed`;
  throw withoutAddress(what, new AggregateError([error, outcome.cause]));
}

function withoutAddress(what: string, cause: unknown): EgressError {
  const seen = cause instanceof Error && !(cause instanceof AggregateError) ? `: ${cause.message}` : "";
  return new EgressError("NODE_WITHOUT_ADDRESS", `${what}${seen}`, { cause });
}
