import { createHash, randomBytes } from "node:crypto";
import { EgressError } from "../../shared/errors.ts";
import type { Identity } from "../identity/identity.ts";
import type { Identify } from "../identity/review-tokens.ts";

/** Who speaks for a lease: by its secret, or as the pod itself. */
export interface Speaker {
  readonly podUid: string;
  readonly secretHash?: string;
}

const bearer = /^Bearer ([\x21-\x7e]{1,8192})$/i;
/** A pod UID as the API server makes it, and 32 bytes in base64url. */
const lease = /^Lease ([-0-9a-z]{1,64})\.([-\w]{43})$/i;

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What the ledger keeps of a secret, and what a sidecar says of the CAs that it believes. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** What is known of a request before anybody has been asked. */
export interface Unproven {
  readonly headers: { readonly authorization?: string | undefined };
  /** The caller's network address. */
  readonly ip: string;
}

/** Of `Authorization: Bearer <token>`. Rejects as Identify does, and with TOKEN_MISSING. */
export async function bearerOf({ headers, ip }: Unproven, identify: Identify): Promise<Identity> {
  const [, token] = bearer.exec(headers.authorization ?? "") ?? [];
  if (token === undefined) throw new EgressError("TOKEN_MISSING", "there is no Authorization: Bearer <token>");
  return identify(token, ip);
}

/** Of `Authorization: Lease <pod UID>.<secret>`, to be proven by the ledger; or of the pod's token. */
export async function speakerOf(request: Unproven, identify: Identify): Promise<Speaker> {
  const { authorization } = request.headers;
  const [, podUid, secret] = lease.exec(authorization ?? "") ?? [];
  if (podUid !== undefined && secret !== undefined) return { podUid, secretHash: hashOf(secret) };
  if (!bearer.test(authorization ?? ""))
    throw new EgressError("LEASE_SECRET_WRONG", "there is no Authorization: Lease <pod UID>.<secret>");
  const { podUid: own } = await bearerOf(request, identify);
  return { podUid: own };
}
