import { createAwsCloud } from "../../../shared/clouds/aws/cloud.ts";
import { createGcpCloud } from "../../../shared/clouds/gcp/cloud.ts";
import type { Assignment, Cloud, CloudCall, Machine } from "../../../shared/clouds/port.ts";
import { type Pool, poolSchema } from "../../../shared/pools/schema.ts";
import { fakeWorld } from "./fake.ts";
import { startFakeEc2 } from "./fake-ec2.ts";
import { project, startFakeGce } from "./fake-gce.ts";
import type { Fault, WorldSpec } from "./world.ts";

/** What differs between clouds by their nature, so that one suite can say what each must do. */
export interface Traits {
  readonly name: string;
  /** Faults can be put between adapter and cloud. */
  readonly wire: boolean;
  /** A machine with several interfaces gets no ephemeral address back. */
  readonly losesEphemeral: boolean;
  /** Nodes whose subnet has no use for a public address. */
  readonly privateNodes: readonly string[];
  readonly foreignProviderId: string;
  /** Filter text for the address outside the pool, and one that the cloud refuses. */
  readonly filter: { readonly other: string; readonly wrong: string };
  /** What carries out an attach and a detach, as onCall names it. */
  readonly change: { readonly attach: string; readonly detach: string };
  /** The exact calls of an attach, of one that was done already, and of a detach. */
  readonly calls: Readonly<Record<"attach" | "again" | "detach", readonly string[]>>;
}

/** A cloud in a fresh small world (`worldOf`), and a view of the truth behind it. */
export interface CloudUnderTest {
  readonly cloud: Cloud;
  /** Every call so far. */
  readonly calls: CloudCall[];
  pool(more?: Partial<Pool>): Pool;
  machine(node: string): Machine;
  egressIp(node: string): Promise<string | null>;
  /** The name of the node that carries the address. */
  holder(ip: string): Promise<string | null>;
  fault(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

export interface NodeTruth {
  readonly name: string;
  readonly id: string;
  readonly providerId: string;
  readonly egressIp: string | null;
}

/** The cloud behind an adapter: one of our fakes, or the lab's emulators. */
export interface Backend {
  readonly endpoint: string;
  nodes(): Promise<NodeTruth[]>;
  fault(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

export async function startFake(spec: WorldSpec): Promise<Backend> {
  const world = fakeWorld(spec);
  const server = await (spec.cloud === "aws" ? startFakeEc2(world) : startFakeGce(world));
  return {
    endpoint: server.endpoint,
    nodes: () =>
      Promise.resolve(
        world.nodes.map((node) => ({
          name: node.name,
          id: node.id,
          providerId:
            spec.cloud === "aws" ? `aws:///${node.zone}/${node.id}` : `gce://${project}/${node.zone}/${node.name}`,
          egressIp: world.egressIp(node),
        })),
      ),
    fault: (fault) => Promise.resolve(void world.faults.push(fault)),
    close: () => server.close(),
  };
}

export const awsTraits: Traits = {
  name: "aws",
  wire: true,
  losesEphemeral: true,
  privateNodes: ["private", "private-nat"],
  foreignProviderId: "gce://lab-project/europe-west1-b/node-1",
  filter: { other: "Name=tag:pool,Values=a=b", wrong: "Name=nonsense,Values=x" },
  change: { attach: "AssociateAddress", detach: "DisassociateAddress" },
  calls: {
    attach: ["DescribeInstances", "AssociateAddress"],
    again: ["DescribeInstances", "AssociateAddress"], // a read may be old
    detach: ["DescribeAddresses", "DescribeInstances", "DisassociateAddress"],
  },
};

export const gcpTraits: Traits = {
  name: "gcp",
  wire: true,
  losesEphemeral: false,
  privateNodes: [],
  foreignProviderId: "aws:///eu-west-1a/i-0123456789abcdef0",
  filter: { other: "labels.pool=other", wrong: "labels.pool==other" },
  change: { attach: "instances.addAccessConfig", detach: "instances.deleteAccessConfig" },
  calls: {
    attach: [
      "instances.get",
      "addresses.list",
      "instances.deleteAccessConfig",
      "zoneOperations.wait",
      "instances.addAccessConfig",
      "zoneOperations.wait",
    ],
    again: ["instances.get"],
    detach: [
      "instances.get",
      "instances.deleteAccessConfig",
      "zoneOperations.wait",
      "instances.addAccessConfig",
      "zoneOperations.wait",
      "instances.get",
    ],
  },
};

export async function overBackend(cloudName: "aws" | "gcp", backend: Backend): Promise<CloudUnderTest> {
  const calls: CloudCall[] = [];
  const { endpoint } = backend;
  const onCall = (call: CloudCall) => void calls.push(call);
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "test" };
  const region = cloudName === "aws" ? "eu-west-1" : "europe-west1";
  const cloud =
    cloudName === "aws"
      ? createAwsCloud({ region, endpoint, credentials, onCall })
      : createGcpCloud({ project, region, endpoint, onCall });
  const nodes = new Map((await backend.nodes()).map((node) => [node.name, node]));
  const known = (name: string): NodeTruth => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`the world has no node ${name}`);
    return node;
  };
  return {
    cloud,
    calls,
    pool: (more) => ({
      ...poolSchema.parse({
        name: "partners",
        cloud: cloudName,
        region,
        ...(cloudName === "gcp" ? { project } : {}),
        select: { tags: { pool: "partners" } },
        orderBy: "ip",
      }),
      ...more,
    }),
    machine: (name) => {
      const { id, providerId } = known(name);
      return { id: cloudName === "aws" ? id : `${name}.${id}`, providerId };
    },
    egressIp: async (name) => (await backend.nodes()).find((node) => node.name === name)?.egressIp ?? null,
    holder: async (ip) => (await backend.nodes()).find((node) => node.egressIp === ip)?.name ?? null,
    fault: (fault) => backend.fault(fault),
    close: () => backend.close(),
  };
}

let attempts = 0;

/** An assignment as a job has it, with an attempt of its own. */
export async function assignment(
  under: CloudUnderTest,
  node: string,
  ip: string,
): Promise<Assignment & { restoreEphemeral: boolean }> {
  const address = (await under.cloud.listAddresses(under.pool())).find((one) => one.ip === ip);
  if (address === undefined) throw new Error(`the pool has no address ${ip}`);
  attempts += 1;
  under.calls.length = 0;
  const { id } = address;
  return { machine: under.machine(node), address: { id, ip }, attempt: `1.${attempts}`, restoreEphemeral: true };
}
