import type * as z from "zod";
import * as schemas from "./schemas.ts";

/**
 * One call of the lease API: a POST of JSON. `by`: `token` is `Authorization: Bearer <projected token>`; `lease` is
 * `Authorization: Lease <pod UID>.<secret>`, or the token, for a pod whose secret got lost with an answer. Without `answer`
 * it is 204.
 */
export interface Operation<Body extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly path: string;
  readonly by: "token" | "lease";
  readonly does: string;
  readonly body: Body;
  readonly answer?: Answer;
}

/** The calls that `Leases` is made of, in its order; and `state`, for people and tools. */
export const operations = {
  acquire: {
    path: "/v1/lease/acquire",
    by: "token",
    does: "Takes or refreshes the pod's lease, or queues the pod.",
    body: schemas.acquireRequest,
    answer: schemas.acquireAnswer,
  },
  wait: {
    path: "/v1/lease/wait",
    by: "token",
    does: "Answers when something changed for the pod that waits, or after timeoutMs: then acquire again.",
    body: schemas.waitRequest,
  },
  renew: {
    path: "/v1/lease/renew",
    by: "lease",
    does: "Extends the lease. `unknown`: acquire again.",
    body: schemas.renewRequest,
    answer: schemas.renewAnswer,
  },
  drain: {
    path: "/v1/lease/drain",
    by: "lease",
    does: "The pod is terminating: its lease counts for its grace period, and is not renewed.",
    body: schemas.drainRequest,
  },
  release: {
    path: "/v1/lease/release",
    by: "lease",
    does: "Ends the lease, or the place in the queue.",
    body: schemas.releaseRequest,
  },
  state: {
    path: "/v1/lease/state",
    by: "token",
    does: "Tells what there is of the pod: its lease, or its place in the queue.",
    body: schemas.stateRequest,
    answer: schemas.stateAnswer,
  },
} as const satisfies Record<string, Operation>;
