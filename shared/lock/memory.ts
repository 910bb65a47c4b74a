import { EgressError } from "../errors.ts";
import type { Lock } from "./port.ts";

/** The lock within one process: enough where ledger and actors share it. */
export function createMemoryLock(): Lock {
  const held = new Set<string>();
  return {
    async using(resource, work) {
      if (held.has(resource)) throw new EgressError("LOCK_LOST", `another holds the lock on ${resource}`);
      held.add(resource);
      try {
        return await work(new AbortController().signal);
      } finally {
        held.delete(resource);
      }
    },
  };
}
