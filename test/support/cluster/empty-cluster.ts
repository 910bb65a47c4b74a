import { reviewOnly } from "../lease-api/tokens.ts";
import type { Asked } from "./fake-api-server.ts";

/** Answers of an API server with nothing in it: a controller can lead there, and tokens are reviewed. */
export function emptyCluster() {
  let lease: object | null = null;
  let version = 0;
  return (asked: Asked): { status?: number; body: unknown } => {
    const { method, path, body } = asked;
    if (path.includes("/coordination.k8s.io/v1/namespaces/")) {
      if (method === "GET") return lease === null ? { status: 404, body: {} } : { body: lease };
      const { metadata, ...rest } = body as { metadata: object };
      lease = { ...rest, metadata: { ...metadata, resourceVersion: String(++version) } };
      return { status: method === "POST" ? 201 : 200, body: lease };
    }
    // Each watch ends at once, and begins again.
    if (asked.query.get("watch") === "true")
      return { body: { type: "BOOKMARK", object: { metadata: { resourceVersion: "1" } } } };
    if (path === "/api/v1/nodes" || path === "/api/v1/pods" || path === "/api/v1/namespaces")
      return { body: { kind: "List", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] } };
    return reviewOnly(asked);
  };
}
