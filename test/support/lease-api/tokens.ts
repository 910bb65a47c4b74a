import type { V1TokenReview } from "@kubernetes/client-node";
import type { Asked } from "../cluster/fake-api-server.ts";

export interface Bearer {
  readonly podUid: string;
  /** Its UID without one. */
  readonly name?: string;
  readonly node: string;
  readonly audience?: string;
  readonly endsMs?: number;
  readonly namespace?: string;
}

/** Shaped like a projected token; the fake API server below vouches for those whose signature is `good`. */
export function tokenOf(
  { audience = "static-egress", endsMs = Date.now() + 3_600_000, ...who }: Bearer,
  signature = "good",
) {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part({ aud: [audience], exp: endsMs / 1000, who })}.${signature}`;
}

/** What an API server answers to a TokenReview: it knows the audience and the signature, and the pod from the token. */
export function reviewed(body: unknown): V1TokenReview {
  const { spec } = body as V1TokenReview;
  const [, payload = "", signature] = (spec.token ?? "").split(".");
  const { aud, who } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { aud: string[]; who: Bearer };
  const audiences = aud.filter((audience) => spec.audiences?.includes(audience));
  if (signature !== "good" || audiences.length === 0)
    return { spec: { token: "" }, status: { authenticated: false, error: "[invalid bearer token]" } };
  const extra = {
    "pod-name": who.name ?? who.podUid,
    "pod-uid": who.podUid,
    "node-name": who.node,
    "node-uid": `uid-${who.node}`,
  };
  return {
    spec: { token: "" },
    status: {
      authenticated: true,
      audiences,
      user: {
        username: `system:serviceaccount:${who.namespace ?? "apps"}:default`,
        extra: Object.fromEntries(
          Object.entries(extra).map(([name, value]) => [`authentication.kubernetes.io/${name}`, [value]]),
        ),
      },
    },
  };
}

/** An API server's answer to anything: TokenReviews, and nothing else. */
export function reviewOnly({ method, path, body }: Asked): { status?: number; body: unknown } {
  if (method === "POST" && path === "/apis/authentication.k8s.io/v1/tokenreviews")
    return { status: 201, body: reviewed(body) };
  return { status: 404, body: {} };
}
