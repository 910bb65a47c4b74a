import { EgressError } from "../../shared/errors.ts";

/** What of a request says who asks. */
export interface Visitor {
  readonly remoteAddress: string;
  /** The Host header's name, without its port. */
  readonly host: string;
  /** Whether a proxy says that it forwards it (Forwarded, X-Forwarded-For). */
  readonly forwarded: boolean;
  readonly authorization: string | undefined;
}

/**
 * Resolves when the visitor may look. Rejects with INSPECTION_ANONYMOUS (who is it?), INSPECTION_REFUSED (not that one),
 * ACCESS_UNCHECKED or RATE_LIMITED.
 */
export type Access = (visitor: Visitor) => Promise<void>;

/** Says whether the bearer of a token may look; rejects where nobody answers. */
export type ReviewVisitor = (token: string, source: string) => Promise<"yes" | "no" | "unknown token">;

/**
 * From this machine (in a pod: through `kubectl port-forward`, which the API server has authorized), by a name of this machine: a
 * page from elsewhere whose name was turned to 127.0.0.1 bears its own name. Anybody else has to bear a token.
 */
export function createAccess(review: ReviewVisitor | undefined): Access {
  return async ({ remoteAddress, host, forwarded, authorization }) => {
    const isLocal = local.addresses.has(remoteAddress.replace(/^::ffff:/, "")) && local.names.has(host.toLowerCase());
    if (isLocal && !forwarded) return;
    const token = /^Bearer ([^\s,]{1,8192})$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || review === undefined)
      throw new EgressError("INSPECTION_ANONYMOUS", `a request from ${remoteAddress} for '${host}' bears no token`);
    const answer = await review(token, remoteAddress);
    if (answer === "unknown token")
      throw new EgressError("INSPECTION_ANONYMOUS", "the API server does not know the token");
    if (answer === "no")
      throw new EgressError("INSPECTION_REFUSED", "the token's owner may not get egresspools.static-egress.io");
  };
}

const local = {
  addresses: new Set(["127.0.0.1", "::1"]),
  names: new Set(["localhost", "127.0.0.1", "[::1]", "::1"]),
};
