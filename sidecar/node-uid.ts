import { readFile } from "node:fs/promises";

/**
 * The UID of the pod's node, as the pod's own projected token says (claim `kubernetes.io`.`node`.`uid`, Kubernetes 1.30 and
 * newer: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/). Undefined without a token or
 * the claim. Not verified: it only keeps us from believing an older node of the same name.
 */
export async function readNodeUid(tokenFile: string): Promise<string | undefined> {
  try {
    return nodeUidOf(await readFile(tokenFile, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined; // not in a pod
    throw error;
  }
}

export function nodeUidOf(token: string): string | undefined {
  const [, payload = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString() || "{}") as {
    "kubernetes.io"?: { node?: { uid?: unknown } };
  };
  const uid = claims["kubernetes.io"]?.node?.uid;
  return typeof uid === "string" ? uid : undefined;
}
