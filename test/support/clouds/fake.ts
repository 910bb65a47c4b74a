import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Fault, WorldSpec } from "./world.ts";

export interface FakeAddress {
  readonly name: string;
  readonly id: string;
  readonly ip: string;
  readonly tags: Record<string, string>;
  readonly tier: string;
  holder: FakeNode | null;
  association: string;
}

export interface FakeNode {
  readonly name: string;
  readonly id: string;
  readonly zone: string;
  readonly subnet: string;
  readonly nics: number;
  ephemeral: string | null;
  config: { name: string; tier: string } | null;
}

/** The truth behind a fake cloud: what the suite looks at, and what the fake's API changes. */
export interface FakeWorld {
  readonly nodes: FakeNode[];
  readonly addresses: FakeAddress[];
  readonly faults: Fault[];
  reservedOn(node: FakeNode): FakeAddress | undefined;
  egressIp(node: FakeNode): string | null;
  giveEphemeral(node: FakeNode): void;
  /** The fault that hits this call, if any; it is used up by one. */
  take(action: string): Fault | undefined;
}

export function fakeWorld(spec: WorldSpec): FakeWorld {
  const zones = spec.cloud === "aws" ? ["eu-west-1a", "eu-west-1b"] : ["europe-west1-b", "europe-west1-c"];
  let ephemerals = 0;
  const hex = (index: number) => index.toString(16).padStart(17, "0");
  const nodes: FakeNode[] = spec.nodes.map((node, index) => ({
    name: node.name,
    id: spec.cloud === "aws" ? `i-${hex(index + 1)}` : String(5_000_000_000_000_000_000n + BigInt(index)),
    zone: zones[index % zones.length] ?? "",
    subnet: node.subnet ?? "public",
    nics: node.nics ?? 1,
    ephemeral: null,
    config: null,
  }));
  const addresses: FakeAddress[] = spec.pools
    .flatMap((pool) => pool.addresses.map((address) => ({ ...address, tier: pool.tier ?? "PREMIUM" })))
    .map((address, index) => ({
      ...address,
      id: spec.cloud === "aws" ? `eipalloc-${hex(index + 1)}` : String(7_000_000_000 + index),
      holder: nodes.find((_, at) => spec.nodes[at]?.attached === address.name) ?? null,
      association: `eipassoc-${hex(index + 1)}`,
    }));
  const world: FakeWorld = {
    nodes,
    addresses,
    faults: [],
    reservedOn: (node) => addresses.find((address) => address.holder === node),
    egressIp: (node) => world.reservedOn(node)?.ip ?? node.ephemeral,
    giveEphemeral: (node) => {
      ephemerals += 1;
      node.ephemeral = `198.18.0.${ephemerals}`;
    },
    take: (action) => {
      const index = world.faults.findIndex((fault) => fault.action === action);
      const fault = world.faults[index];
      if (fault === undefined) return undefined;
      world.faults.splice(index, 1, ...(fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []));
      return fault;
    },
  };
  for (const [index, node] of nodes.entries()) {
    const given = spec.nodes[index];
    if (node.subnet !== "public" || given?.publicIp === "none") continue;
    node.config = { name: given?.accessConfigName ?? "External NAT", tier: "PREMIUM" };
    if (world.reservedOn(node) === undefined) world.giveEphemeral(node);
  }
  return world;
}

export interface FakeServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function listen(handler: RequestListener): Promise<FakeServer> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
