/** The control API of cloud emulators that are the bench's own: it posts new worlds. */
export interface LabControl {
  /** So many nodes with an ephemeral address each, and as many addresses in the pool `partners`; all limits are full again. */
  newWorld(cloud: "aws" | "gcp", size: number): Promise<LabNode[]>;
  endpoint(cloud: "aws" | "gcp"): string;
  requireNoViolations(): Promise<void>;
}

export interface LabNode {
  readonly name: string;
  readonly id: string;
  readonly providerId: string;
}

/** Where CLOUDS_LAB_CONTROL_URL says; undefined without. EC2 listens on the next port, GCE on the one after (`cloud serve`). */
export function labControl(env: Readonly<Record<string, string | undefined>>): LabControl | undefined {
  const controlUrl = env["CLOUDS_LAB_CONTROL_URL"];
  if (controlUrl === undefined) return undefined;
  const { hostname, port } = new URL(controlUrl);

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(new URL(path, controlUrl), init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  return {
    async newWorld(cloud, size) {
      await call("DELETE", "/faults");
      const numbers = Array.from({ length: size }, (_, index) => index);
      await call("POST", "/world", {
        cloud,
        scale: 1,
        pools: [
          { name: "partners", cidr: "100.64.0.0/16", first: "100.64.0.1", count: size, tags: { pool: "partners" } },
        ],
        nodes: numbers.map((n) => ({
          name: `node-${n}`,
          privateIp: `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`,
        })),
      });
      const { nodes } = (await call("GET", "/world")) as { nodes: LabNode[] };
      return nodes.map(({ name, id, providerId }) => ({ name, id, providerId }));
    },
    endpoint: (cloud) => `http://${hostname}:${Number(port) + (cloud === "aws" ? 1 : 2)}`,
    async requireNoViolations() {
      const { violations } = (await call("GET", "/violations")) as { violations: unknown[] };
      if (violations.length > 0) throw new Error(`violations: ${JSON.stringify(violations)}`);
    },
  };
}
