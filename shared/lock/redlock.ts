import type { Cluster, Redis } from "ioredis";
import Redlock, { ExecutionError, ResourceLockedError } from "redlock";
import { EgressError } from "../errors.ts";
import type { Lock } from "./port.ts";

/** How long a holder that died keeps others out; extended at half of it while the work runs. */
const lifeMs = 10_000;

/**
 * The lock over Redlock (https://redis.io/docs/latest/develop/use/patterns/distributed-locks/): the ledger's own Redis,
 * and for a quorum any further servers. The library is dormant upstream: nothing else of the project knows it.
 */
export function createRedlock(servers: readonly (Redis | Cluster)[], installation: string): Lock {
  const redlock = new Redlock(servers, { retryCount: 10, retryDelay: 200, retryJitter: 100 });
  redlock.on("error", () => undefined); // every failed vote; the outcome is what `using` throws

  return {
    async using(resource, work) {
      const key = `static-egress:{${installation}}:lock:${resource}`;
      let started = false;
      try {
        return await redlock.using([key], lifeMs, { automaticExtensionThreshold: lifeMs / 2 }, async (signal) => {
          started = true;
          const result = await work(signal);
          if (signal.aborted)
            throw new EgressError("LOCK_LOST", `the lock on ${resource} was lost`, { cause: signal.error });
          return result;
        });
      } catch (error) {
        if (started && !(error instanceof ExecutionError)) throw error;
        if (!(error instanceof ExecutionError || error instanceof ResourceLockedError)) throw error;
        throw new EgressError("LOCK_LOST", `no lock on ${resource}: ${error.message}`, { cause: error });
      }
    },
  };
}
