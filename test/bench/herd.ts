import { fork } from "node:child_process";
import { once } from "node:events";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { type Pool, poolSchema } from "../../shared/pools/schema.ts";
import { startRedis } from "../support/redis.ts";
import type { HerdNode, HerdOrder, HerdResult } from "./herd-webhook.ts";
import { labControl, type LabControl } from "./lab-control.ts";
import { type BenchSettings, notMeasured, type Row } from "./row.ts";

/** A cloud's own limits on changes: what the floor is made of. */
interface Account {
  readonly cloud: "aws" | "gcp";
  readonly region: string;
  readonly sizes: readonly number[];
  /** Nodes that the account lets through at once, and a second after that. */
  readonly burst: number;
  readonly perSecond: number;
  readonly changesPerNode: number;
  /** Reads that `size` nodes may cost at most. */
  readonly mostReads?: (size: number) => number;
}

const accounts: readonly Account[] = [
  {
    cloud: "aws",
    region: "eu-west-1",
    sizes: [10, 50, 200, 500],
    burst: 50,
    perSecond: 5,
    changesPerNode: 1,
    mostReads: (size) => size / 20 + 10,
  },
  // 1,500 changes in a minute, and two a node: all of these at once.
  { cloud: "gcp", region: "europe-west1", sizes: [10, 50, 200], burst: 750, perSecond: 12.5, changesPerNode: 2 },
];
const warmUps = 5;
const isChange = (action: string): boolean => /^(Associate|Disassociate)|AccessConfig$/.test(action);

/**
 * N nodes without an address ask at once, through the lease service of one replica whose controller does the cloud work, on an
 * emulated account with the real limits: from when they ask until the last has its address confirmed. The floor is what the
 * account lets through, or the cloud's calls alone where they take longer.
 */
export async function benchHerd({ env }: BenchSettings): Promise<Row[]> {
  const lab = labControl(env);
  if (lab === undefined)
    return [notMeasured("herd", "CLOUDS_LAB_CONTROL_URL names no cloud emulators of the bench's own")];
  const rows: Row[] = [];
  for (const account of accounts) for (const size of account.sizes) rows.push(...(await measure(lab, account, size)));
  return rows;
}

async function measure(lab: LabControl, account: Account, size: number): Promise<Row[]> {
  const name = `herd of ${size} on ${account.cloud}`;
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured(name, "no redis-server or valkey-server on the PATH")];
  try {
    const alone = await run(lab, account, Math.min(size, account.burst - warmUps), null);
    return rowsOf(name, account, Math.max(...alone.confirmedMs), await run(lab, account, size, redis.url));
  } finally {
    await redis.stop();
  }
}

async function run(lab: LabControl, account: Account, size: number, redisUrl: string | null): Promise<HerdResult> {
  const { cloud, region } = account;
  const known = await lab.newWorld(cloud, size + warmUps);
  const endpoint = lab.endpoint(cloud);
  if (cloud === "aws") await show(endpoint, region, known);
  const nodes: HerdNode[] = known.map(({ name, id, providerId }) => ({
    name,
    machine: { id: cloud === "aws" ? id : `${name}.${id}`, providerId },
  }));
  const order: HerdOrder = {
    redisUrl,
    endpoint,
    pool: poolOf(account),
    first: nodes.slice(0, warmUps),
    nodes: nodes.slice(warmUps),
  };
  const child = fork(new URL("herd-webhook.ts", import.meta.url), [JSON.stringify(order)], {
    execArgv: ["--import", new URL("lua-as-text.ts", import.meta.url).href],
    env: { ...process.env, AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" },
  });
  try {
    const failed = once(child, "exit").then(() => Promise.reject(new Error("the herd's replica ended")));
    const [result] = (await Promise.race([once(child, "message"), failed])) as [HerdResult];
    await lab.requireNoViolations();
    return result;
  } finally {
    child.kill();
  }
}

function rowsOf(name: string, account: Account, aloneMs: number, { confirmedMs, calls }: HerdResult): Row[] {
  const size = confirmedMs.length;
  const floorMs = Math.max(aloneMs, ((size - account.burst) / account.perSecond) * 1000);
  const lastMs = Math.max(...confirmedMs);
  const changes = calls.filter(({ action }) => isChange(action)).length;
  const refused = calls.filter(({ code }) => code !== "ok").length;
  const floor = `floor ${(floorMs / 1000).toFixed(2)} s; the cloud's calls alone ${(aloneMs / 1000).toFixed(2)} s`;
  const mostReads = account.mostReads?.(size);
  return [
    { name: `${name}: last confirmed`, value: lastMs / 1000, unit: "s" },
    { name: `${name}: over the floor`, value: lastMs / floorMs, unit: "", goal: { atMost: 1.15 }, note: floor },
    {
      name: `${name}: changes`,
      value: changes,
      unit: "",
      goal: { atMost: size * account.changesPerNode },
      note: `${refused} calls refused`,
    },
    {
      name: `${name}: reads`,
      value: calls.length - changes,
      unit: "",
      ...(mostReads === undefined ? {} : { goal: { atMost: mostReads } }),
    },
  ];
}

/** The emulator renders an instance when it is first read; a cloud that has run for a while has done so. */
async function show(endpoint: string, region: string, nodes: readonly { readonly id: string }[]): Promise<void> {
  const client = new EC2Client({ region, endpoint, credentials: { accessKeyId: "show", secretAccessKey: "show" } });
  await client.send(new DescribeInstancesCommand({ InstanceIds: nodes.map(({ id }) => id) }));
  client.destroy();
}

function poolOf({ cloud, region }: Account): Pool {
  const project = cloud === "gcp" ? { project: "lab-project" } : {};
  return poolSchema.parse({ name: "partners", cloud, region, ...project, select: { tags: { pool: "partners" } } });
}
