import { createAwsCloud } from "../../../shared/clouds/aws/cloud.ts";
import { createGcpCloud } from "../../../shared/clouds/gcp/cloud.ts";
import { createLeaseService } from "../../../shared/leases/service.ts";
import { createTurns } from "../../../shared/leases/turn.ts";
import { work } from "../../../shared/leases/worker.ts";
import type { Ledger } from "../../../shared/ledger/port.ts";
import { createMemoryLock } from "../../../shared/lock/memory.ts";
import { createLogger } from "../../../shared/log.ts";
import { claim, node, pool } from "../ledger-cases.ts";
import { timedMemoryLedger } from "../ledgers.ts";
import { type FakeNode, type FakeWorld, fakeWorld } from "./fake.ts";
import { startFakeEc2 } from "./fake-ec2.ts";
import { project, startFakeGce } from "./fake-gce.ts";
import { worldOf } from "./world.ts";

/** The real worker and adapter between a ledger whose clock the test moves and a fake cloud. Pods are named after their nodes. */
export interface Worked {
  readonly world: FakeWorld;
  readonly ledger: Ledger;
  node(name: string): FakeNode;
  /** One pod's wish; no work is done by it. */
  acquire(on: string): ReturnType<Ledger["acquire"]>;
  /** As a sidecar asks again whenever it is woken, working itself, until it has its address. Answers it. */
  acquireAwake(on: string): Promise<string>;
  /** Does all that is due, as a controller would, until nothing is for `forMs` of the ledger's time. */
  pass(forMs: number): Promise<void>;
  end(): Promise<void>;
}

const log = createLogger({ name: "test", level: "silent" });

export async function startWorked(cloudName: "aws" | "gcp"): Promise<Worked> {
  const world = fakeWorld(worldOf(cloudName));
  const isAws = cloudName === "aws";
  const server = await (isAws ? startFakeEc2(world) : startFakeGce(world));
  const { endpoint } = server;
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "test" };
  const region = isAws ? "eu-west-1" : "europe-west1";
  const cloud = isAws
    ? createAwsCloud({ region, endpoint, credentials })
    : createGcpCloud({ project, region, endpoint });
  const partners = pool({
    cloud: cloudName,
    region,
    ...(isAws ? {} : { project }),
    select: { tags: { pool: "partners" } },
    orderBy: "ip",
    lingerSeconds: 0,
  });
  const { ledger, beat, pass: elapse, end } = await timedMemoryLedger();
  const lock = createMemoryLock();
  await beat();
  await ledger.putPools([partners]);
  for (const { name, id, zone } of world.nodes) {
    const providerId = isAws ? `aws:///${zone}/${id}` : `gce://${project}/${zone}/${name}`;
    await ledger.putNode(
      node(name, { cloud: cloudName, region, machine: { id: isAws ? id : `${name}.${id}`, providerId } }),
    );
  }
  await ledger.putInventory("partners", await cloud.listAddresses(partners), await ledger.now());
  await elapse(60_000);
  const shop = { ledger, turns: createTurns(ledger), cloud, lock, log };
  const known = (name: string): FakeNode => {
    const found = world.nodes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the world has no node ${name}`);
    return found;
  };
  const wish = (on: string) => claim(`pod-${on}`, on);

  return {
    world,
    ledger,
    node: known,
    acquire: (on) => ledger.acquire(wish(on), { leaseMs: 600_000, mayWork: [] }),
    async acquireAwake(on) {
      const leases = createLeaseService({
        ledger,
        work: async (job, signal) => void (await work(job, shop, signal)),
        mayWork: [cloudName],
        leaseMs: 600_000,
        log,
      });
      for (;;) {
        const answer = await leases.acquire(wish(on));
        if (answer.status === "attached") return answer.ip;
        await leases.woken(wish(on).podUid, 60_000);
      }
    },
    async pass(forMs) {
      const untilMs = (await ledger.now()) + forMs;
      for (;;) {
        const { machines, nextMs, nowMs } = await ledger.due();
        const jobs = await Promise.all(machines.map((machine) => ledger.begin(machine)));
        const begun = jobs.filter((job) => job !== null);
        await Promise.all(begun.map((job) => work(job, shop)));
        if (begun.length > 0) continue;
        const thenMs = nextMs === null ? untilMs : Math.min(nextMs, untilMs);
        if (nowMs >= untilMs) return;
        await elapse(Math.max(1, thenMs - nowMs));
      }
    },
    async end() {
      await end();
      await server.close();
    },
  };
}
