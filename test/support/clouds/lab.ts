import type { Backend, NodeTruth } from "./harness.ts";
import type { WorldSpec } from "./world.ts";

/** The emulators of both clouds as one process, started with `cloud serve --control-port P`; the clouds listen on P+1 and P+2. */
export async function startLab(controlUrl: string, spec: WorldSpec): Promise<Backend> {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(new URL(path, controlUrl), init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  await call("DELETE", "/faults");
  await call("POST", "/world", spec);
  const { hostname, port } = new URL(controlUrl);
  return {
    endpoint: `http://${hostname}:${Number(port) + (spec.cloud === "aws" ? 1 : 2)}`,
    nodes: async () => ((await call("GET", "/world")) as { nodes: NodeTruth[] }).nodes,
    fault: async (fault) => {
      await call("POST", "/faults", fault);
    },
    close: async () => {
      const { violations } = (await call("GET", "/violations")) as { violations: unknown[] };
      if (violations.length > 0) throw new Error(`violations: ${JSON.stringify(violations)}`);
    },
  };
}
