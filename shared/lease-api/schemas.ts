import * as z from "zod";

/**
 * What sidecars ask and the webhook answers (design, section 7). Requests are strict: a field that nobody reads is refused.
 * Answers are not: an older sidecar goes on with a newer webhook. Who asks is never in a body.
 */

/** Sentences for people are cut to this before they are sent. */
export const longestDetail = 500;
/** A wait is asked for again after this at the latest: before the ledger forgets the waiter (waiterLifeMs). */
export const longestWaitMs = 30_000;

const note = z.strictObject({
  kind: z.enum(["proceeding", "unverified"]),
  detail: z.string().max(longestDetail),
});
const pool = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "accepted: a pool's name");
const milliseconds = (max: number) => z.number().int().min(0).max(max);

/** SHA-256 (base64url) of the CAs that the sidecar believes; with others in force the answer brings those. */
const trusts = z.string().max(64).optional();

export const acquireRequest = z.strictObject({ pool, note: note.optional(), trusts });
export const waitRequest = z.strictObject({ timeoutMs: milliseconds(longestWaitMs) });
export const renewRequest = z.strictObject({ note: note.nullable(), trusts });
/** A year, as the longest grace period that is injected. */
export const drainRequest = z.strictObject({ graceMs: milliseconds(31_536_000_000) });
export const releaseRequest = z.strictObject({});
export const stateRequest = z.strictObject({});

/** The part of a pool that its pods go by; whom else it serves is not theirs to know. */
const terms = z.object({ name: z.string(), waitSeconds: z.number(), verify: z.string().optional() });
/** Speaks for the lease in `renew`, `drain` and `release`; each acquire answers a new one, and only the last counts. */
const secret = z.string();
/** PEM, for connections to come: a renewed CA is told before anything is served with it. */
const ca = z.string().exactOptional();

export const acquireAnswer = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("attached"),
    ip: z.string(),
    fence: z.string(),
    expiresAtMs: z.number(),
    pool: terms,
    secret,
    ca,
  }),
  z.object({
    status: z.literal("waiting"),
    reason: z.string(),
    detail: z.string(),
    position: z.number().exactOptional(),
    waiting: z.number().exactOptional(),
    pool: terms.exactOptional(),
    secret,
    ca,
  }),
]);
export const renewAnswer = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("renewed"),
    ip: z.string().nullable(),
    expiresAtMs: z.number(),
    late: z.boolean(),
    ca,
  }),
  z.object({ status: z.literal("unknown") }),
]);
/** As the ledger has it; nothing is changed or refreshed by asking. */
export const stateAnswer = z.object({
  state: z.enum(["none", "waiting", "held", "draining"]),
  pool: z.string().exactOptional(),
  /** On the pod's node, and confirmed. */
  ip: z.string().nullable(),
  expiresAtMs: z.number().exactOptional(),
  reason: z.string().exactOptional(),
  detail: z.string().exactOptional(),
  position: z.number().exactOptional(),
});
/** `code` is one of docs/errors.md. */
export const errorAnswer = z.object({ code: z.string(), message: z.string(), fix: z.string() });
