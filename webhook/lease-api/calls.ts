import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { EgressError } from "../../shared/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Whose calls are counted: a proven pod's UID, or the pod UID and hash of the secret that were shown. */
    caller: string;
  }
}

export interface CallLimit {
  readonly most: number;
  readonly windowMs: number;
}

/** A sidecar renews every 20 s. One whose calls all fail, or that is woken again and again, makes a few in ten seconds. */
export const callLimit: CallLimit = { most: 100, windowMs: 10_000 };

/** As many callers as are told apart: the ones that were silent the longest begin anew. */
const mostCallers = 20_000;

/**
 * Counts the calls of each caller at this replica; what it answers throws RATE_LIMITED for who calls too often. Who shows a
 * wrong secret is counted by it, and not with the pod that it names: nobody can use up another's calls.
 */
export async function countCalls(api: FastifyInstance, { most, windowMs }: CallLimit = callLimit) {
  api.decorateRequest("caller", "");
  await api.register(rateLimit, {
    global: false,
    cache: mostCallers,
    max: most,
    timeWindow: windowMs,
    keyGenerator: ({ caller }) => caller,
  });
  const count = api.createRateLimit();
  return async (request: FastifyRequest, caller: string): Promise<void> => {
    request.caller = caller;
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded)
      throw new EgressError("RATE_LIMITED", `more than ${most} calls in ${windowMs / 1000} s`);
  };
}
