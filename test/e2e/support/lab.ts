import type { Lab } from "../settings.ts";
import { run } from "./kubectl.ts";

export interface WorldNode {
  readonly name: string;
  readonly egressIp: string | null;
}
interface WorldAddress {
  readonly ip: string;
  readonly pool: string;
  readonly node: string | null;
}
export interface Flow {
  readonly timeMs: number;
  readonly source: string;
  readonly targetPort: number;
}

async function json<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** What the cloud itself says, and what arrived on the internet's side. */
export function labFacts(lab: Lab) {
  const world = () => json<{ nodes: WorldNode[]; addresses: WorldAddress[] }>(`${lab.controlUrl}/world`);
  return {
    /** The public address that packets of the node leave from; null without one. */
    async egressIp(node: string): Promise<string | null> {
      const found = (await world()).nodes.find((entry) => entry.name === node);
      if (!found) throw new Error(`the lab's world has no node '${node}'`);
      return found.egressIp;
    },
    /** The pool's addresses by IP, each with the node it is on. */
    async poolAddresses(pool: string): Promise<Map<string, string | null>> {
      const addresses = (await world()).addresses.filter((address) => address.pool === pool);
      return new Map(addresses.map((address) => [address.ip, address.node]));
    },
    /** Every flow to the port, in the order of arrival: the first is an app's very first packet. */
    async flows(port: number): Promise<Flow[]> {
      const { flows } = await json<{ flows: Flow[] }>(`${lab.inetUrl}/seen?since=0`);
      return flows.filter((flow) => flow.targetPort === port).toSorted((a, b) => a.timeMs - b.timeMs);
    },
    /** Everything that must never happen and did, as text. */
    async violations(): Promise<string[]> {
      const { violations } = await json<{ violations: unknown[] }>(`${lab.controlUrl}/violations`);
      return violations.map((violation) => JSON.stringify(violation));
    },
    /** `node kill|start NAME`, `node shell NAME COMMAND…`. */
    machine(...args: string[]): Promise<string> {
      if (lab.program === null) throw new Error("E2E_LAB is not set");
      return run(lab.program, ["node", ...args]);
    },
  };
}
