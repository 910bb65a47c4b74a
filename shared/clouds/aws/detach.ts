import type { Pool } from "../../pools/schema.ts";
import type { Assignment, Detached } from "../port.ts";
import type { AwsCalls } from "./calls.ts";
import { instanceIdOf, nodeFrom } from "./machine.ts";
import { requireStillMine } from "../still-mine.ts";
import { settle } from "./settle.ts";

/** Reads first, and takes off only what is on that very machine, by its association. */
export async function detach(
  calls: AwsCalls,
  pool: Pool,
  assignment: Assignment,
  signal?: AbortSignal,
): Promise<Detached> {
  const { machine, address } = assignment;
  const instanceId = instanceIdOf(machine.providerId, pool.region);
  const mayKeep = pool.onRelease !== "release";
  const [found, instance] = await Promise.all([
    calls.describeAddress(address.id, signal),
    mayKeep ? calls.describeInstance(instanceId, signal) : undefined,
  ]);
  const associationId = found?.InstanceId === instanceId ? found.AssociationId : undefined;
  if (associationId === undefined) return { outcome: "absent", egressIp: null };

  // EC2 gives no automatic address back to a machine with several interfaces: it would have no way out.
  const node = instance === undefined ? undefined : nodeFrom(instance, machine);
  if (mayKeep && node?.running === true && node.interfaces > 1) return { outcome: "kept", egressIp: node.egressIp };

  requireStillMine(assignment);
  const doubt = await calls.disassociate(address.id, associationId, signal);
  if (doubt !== null) await settle(calls, doubt, (now) => now?.AssociationId !== associationId, signal);
  assignment.publicAddress?.(false);
  // An automatic address comes back after a while, if at all: it is not waited for.
  return { outcome: "detached", egressIp: null };
}
