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
/** A change of the cloud's state: `attached` and `detached` name the address and the node. */
export interface CloudEvent {
  readonly timeMs: number;
  readonly kind: string;
  readonly ip?: string;
  readonly node?: string;
}
export interface Violation {
  readonly timeMs: number;
  readonly kind: string;
  readonly node?: string;
}
export interface Flow {
  readonly timeMs: number;
  readonly source: string;
  readonly targetPort: number;
}

async function json<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
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
    /** What the cloud's record says about the IP since then, in order. */
    async eventsOf(ip: string, sinceMs: number): Promise<CloudEvent[]> {
      const { events } = await json<{ events: CloudEvent[] }>(`${lab.controlUrl}/events?since=${sinceMs}`);
      return events.filter((event) => event.ip === ip);
    },
    /** Every flow to the port, in the order of arrival: the first is an app's very first packet. */
    async flows(port: number): Promise<Flow[]> {
      const flows = (await this.allFlows(0)).filter((flow) => flow.targetPort === port);
      return flows.toSorted((a, b) => a.timeMs - b.timeMs);
    },
    /** What has arrived since then, whoever sent it. */
    async allFlows(sinceMs: number): Promise<Flow[]> {
      return (await json<{ flows: Flow[] }>(`${lab.inetUrl}/seen?since=${sinceMs}`)).flows;
    },
    /** Nodes by the ephemeral addresses that they have, or had since then. */
    async ephemeralOwners(sinceMs: number): Promise<Map<string, string>> {
      const { events } = await json<{ events: CloudEvent[] }>(`${lab.controlUrl}/events?since=${sinceMs}`);
      const gone = events.filter(({ kind }) => kind.startsWith("ephemeral-"));
      const now = (await world()).nodes.map(({ name, egressIp }) => ({ ip: egressIp ?? "", node: name }));
      return new Map([...gone, ...now].map(({ ip = "", node = "" }) => [ip, node]));
    },
    /** Everything that must never happen and did. */
    async violations(): Promise<Violation[]> {
      return (await json<{ violations: Violation[] }>(`${lab.controlUrl}/violations`)).violations;
    },
    /** What is to go wrong in the cloud from now on (the lab's fault plan). */
    async plan(fault: object): Promise<void> {
      await json(`${lab.controlUrl}/faults`, { method: "POST", body: JSON.stringify(fault) });
    },
    /** Nothing goes wrong any more. */
    async unplan(): Promise<void> {
      await json(`${lab.controlUrl}/faults`, { method: "DELETE" });
    },
    /** By node: how long, and how often, it had no public address at all. */
    async downtime(): Promise<Record<string, { totalMs: number; gaps: number; longestMs: number }>> {
      return (
        await json<{ nodes: Record<string, { totalMs: number; gaps: number; longestMs: number }> }>(
          `${lab.controlUrl}/downtime`,
        )
      ).nodes;
    },
    /** How many addresses were attached and detached since then. */
    async countEvents(sinceMs: number): Promise<{ attached: number; detached: number }> {
      const { events } = await json<{ events: CloudEvent[] }>(`${lab.controlUrl}/events?since=${sinceMs}`);
      const count = (kind: string) => events.filter((event) => event.kind === kind).length;
      return { attached: count("attached"), detached: count("detached") };
    },
    /** Takes the static address off the node, as somebody in the console would. */
    async detachByHand(node: string): Promise<void> {
      await json(`${lab.controlUrl}/nodes/${node}/detach`, { method: "POST" });
    },
    /** `node kill|start NAME`, `node shell NAME COMMAND…`. */
    machine(...args: string[]): Promise<string> {
      if (lab.program === null) throw new Error("E2E_LAB is not set");
      return run(lab.program, ["node", ...args]);
    },
  };
}
