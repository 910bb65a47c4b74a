import type { AuthenticationV1Api } from "@kubernetes/client-node";
import { randomUUID } from "node:crypto";
import { tokenAudience } from "../../webhook/admission/names.ts";
import type { Pod } from "./pod.ts";

/** The part of an API server that gives pods their projected tokens, and vouches for them. */
export interface Tokens {
  /** A token of the pod's own, for us alone; good until `withdraw`. */
  of(pod: Pod): string;
  /** The pod's object is gone: its token with it. */
  withdraw(pod: Pod): void;
  readonly client: Pick<AuthenticationV1Api, "createTokenReview">;
}

const goodForMs = 24 * 3600 * 1000;

export function createTokens(): Tokens {
  const bearers = new Map<string, Pod>();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    of(pod) {
      const exp = Math.floor((Date.now() + goodForMs) / 1000);
      const token = [part({ alg: "none" }), part({ aud: [tokenAudience], exp }), randomUUID()].join(".");
      bearers.set(token, pod);
      return token;
    },
    withdraw(gone) {
      for (const [token, pod] of bearers) if (pod.metadata.uid === gone.metadata.uid) bearers.delete(token);
    },
    client: {
      async createTokenReview({ body: { spec } }) {
        const pod = bearers.get(spec.token ?? "");
        if (pod === undefined) return { spec, status: { authenticated: false, error: "unknown token" } };
        return { spec, status: { authenticated: true, audiences: [tokenAudience], user: userOf(pod) } };
      },
    },
  };
}

function userOf({ metadata, spec }: Pod) {
  const node = spec.nodeName ?? "";
  const told = {
    "pod-name": metadata.name,
    "pod-uid": metadata.uid ?? "",
    "node-name": node,
    "node-uid": `uid-${node}`,
  };
  return {
    username: `system:serviceaccount:${metadata.namespace}:${spec.serviceAccountName}`,
    extra: Object.fromEntries(
      Object.entries(told).map(([name, value]) => [`authentication.kubernetes.io/${name}`, [value]]),
    ),
  };
}
