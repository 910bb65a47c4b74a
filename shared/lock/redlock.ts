import type { Cluster, Redis } from "ioredis";
import Redlock, { ExecutionError, ResourceLockedError } from "redlock";
import { EgressError } from "../errors.ts";
import type { Lock } from "./port.ts";

/** How long a holder that died keeps others out; extended at half of it while the work runs. */
const usualLifeMs = 10_000;

/**
 * The lock over Redlock (https://redis.io/docs/latest/develop/use/patterns/distributed-locks/): the ledger's own Redis,
 * and for a quorum any further servers. The library is dormant upstream: nothing else of the project knows it.
 */
export function createRedlock(servers: readonly (Redis | Cluster)[], installation: string, lifeMs = usualLifeMs): Lock {
  const redlock = new Redlock(servers, { retryCount: 10, retryDelay: 200, retryJitter: 100 });
  redlock.on("error", () => undefined); // every failed vote; the outcome is what `using` throws

  return {
    async using(resource, work) {
      const key = `static-egress:{${installation}}:lock:${resource}`;
      const lost = (why: string, cause: unknown) => new EgressError("LOCK_LOST", `${why} ${resource}`, { cause });
      // Kept apart from what the library throws at the end: a lock that could not be given back ends by itself.
      let end: { value: Awaited<ReturnType<typeof work>> } | { error: unknown } | undefined;
      try {
        await redlock.using([key], lifeMs, { automaticExtensionThreshold: lifeMs / 2 }, async (signal) => {
          try {
            const value = await work(signal);
            end = signal.aborted ? { error: lost("lost the lock on", signal.error) } : { value };
          } catch (error) {
            end = { error: signal.aborted ? lost("lost the lock on", error) : error };
          }
        });
      } catch (error) {
        if (!(error instanceof ExecutionError || error instanceof ResourceLockedError)) throw error;
        if (end === undefined) throw lost(`no lock (${error.message}) on`, error);
      }
      if (end === undefined) throw lost("no lock on", undefined);
      if ("error" in end) throw end.error;
      return end.value;
    },
  };
}
