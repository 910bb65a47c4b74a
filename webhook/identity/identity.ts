import type { V1TokenReviewStatus } from "@kubernetes/client-node";
import { EgressError } from "../../shared/errors.ts";
import { tokenAudience } from "../admission/names.ts";

/** Who calls, as the API server says: nothing of it ever comes from a body, a header or an address. */
export interface Identity {
  readonly podUid: string;
  /** `namespace/name`. */
  readonly pod: string;
  /** `namespace/name`. */
  readonly serviceAccount: string;
  readonly node: string;
  readonly nodeUid: string;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ (node name and UID: 1.30 and newer). */
const extra = "authentication.kubernetes.io/";
const serviceAccountUser = /^system:serviceaccount:([^:/]+):([^:/]+)$/;

/** The identity in a TokenReview's status. Throws TOKEN_REFUSED, TOKEN_OTHER_AUDIENCE or IDENTITY_INCOMPLETE. */
export function identityOf(status: V1TokenReviewStatus | undefined): Identity {
  if (status?.authenticated !== true) {
    throw new EgressError(
      "TOKEN_REFUSED",
      `the API server does not vouch for the token: ${status?.error ?? "no reason"}`,
    );
  }
  if (status.audiences?.includes(tokenAudience) !== true) {
    throw new EgressError("TOKEN_OTHER_AUDIENCE", `the API server vouches for other audiences than ${tokenAudience}`);
  }
  const missing: string[] = [];
  const one = (name: string): string => {
    const values = status.user?.extra?.[`${extra}${name}`] ?? [];
    const [value = ""] = values;
    if (value === "" || values.length !== 1) missing.push(name);
    return value;
  };
  const [, namespace = "", account = ""] = serviceAccountUser.exec(status.user?.username ?? "") ?? [];
  if (namespace === "") missing.push("service account");
  const identity = {
    podUid: one("pod-uid"),
    pod: `${namespace}/${one("pod-name")}`,
    serviceAccount: `${namespace}/${account}`,
    node: one("node-name"),
    nodeUid: one("node-uid"),
  };
  if (missing.length > 0) throw new EgressError("IDENTITY_INCOMPLETE", `the token names no ${missing.join(", no ")}`);
  return identity;
}
