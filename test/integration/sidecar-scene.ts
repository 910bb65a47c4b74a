import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createAwsCloud } from "../../shared/clouds/aws/cloud.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work } from "../../shared/leases/worker.ts";
import { createMemoryLock } from "../../shared/lock/memory.ts";
import { beatEveryMs } from "../../shared/ledger/beat.ts";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Snapshot } from "../../shared/ledger/records.ts";
import { type FakeWorld, fakeWorld } from "../support/clouds/fake.ts";
import { startFakeEc2 } from "../support/clouds/fake-ec2.ts";
import { worldOf } from "../support/clouds/world.ts";
import { pool } from "../support/ledger-cases.ts";
import { sidecarImage } from "../support/sidecar-image.ts";

export interface Sidecar {
  readonly directory: string;
  readonly process: ChildProcess;
  readonly startedAtMs: number;
  /** Everything on standard output and error so far. */
  output(): string;
  /** A file of its run directory; "" while there is none. */
  file(name: string): Promise<string>;
  state(): Promise<Record<string, unknown>>;
  /** The exit code; null when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Scene {
  readonly ledger: Ledger;
  readonly world: FakeWorld;
  /** EC2's. */
  readonly endpoint: string;
  /** The actions that EC2 was asked for, in order. */
  readonly actions: string[];
  /** Called before an action reaches EC2; what it answers is waited for. */
  before: (action: string) => Promise<void> | void;
  snapshot(): Promise<Snapshot>;
  /**
   * What the controller would do now: the work that a sidecar left undone, as it had too little time for it. `hinted`: machines
   * that the ledger said something of.
   */
  sweep(hinted?: Iterable<string>): Promise<void>;
  runDirectory(): Promise<string>;
  /** `from`: a build of another version than the scene's. */
  start(
    podUid: string,
    node: string,
    directory: string,
    more?: Record<string, string | undefined>,
    from?: string,
  ): Sidecar;
  close(): Promise<void>;
}

/** A real Redis, EC2 in small with the nodes of `worldOf`, one pool of `addresses` addresses, and real sidecar processes. */
export async function sidecarScene(build: string, redisUrl: string, addresses: number): Promise<Scene> {
  const installation = `test-${randomUUID()}`;
  const ledger = connectLedger(redisUrl, { installation });
  const world = fakeWorld(worldOf("aws"));
  const ec2 = await startFakeEc2(world, (action) => {
    scene.actions.push(action);
    return scene.before(action);
  });
  const cloud = createAwsCloud({
    region: "eu-west-1",
    endpoint: ec2.endpoint,
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
  const sidecars: Sidecar[] = [];

  await ledger.beat(null);
  // Redis is taken away in some of the tests; the next beat comes all the same.
  const beating = setInterval(() => void ledger.beat(null).catch(() => undefined), beatEveryMs);
  await ledger.putPools([pool({ lingerSeconds: 0 })]);
  for (const { name, id, zone } of world.nodes) {
    const machine = { id, providerId: `aws:///${zone}/${id}` };
    await ledger.putNode({ name, uid: name, cloud: "aws", region: "eu-west-1", machine, ready: true });
  }
  const rows = world.addresses.slice(0, addresses).map(({ id, ip }) => ({ id, ip, attachedTo: null }));
  await ledger.putInventory("partners", rows, (await ledger.now()) + 60_000);

  const log = pino({ level: "silent" });
  const shop = { ledger, turns: createTurns(ledger), cloud, lock: createMemoryLock(), log };
  const scene: Scene = {
    ledger,
    world,
    endpoint: ec2.endpoint,
    actions: [],
    before: () => undefined,
    snapshot: () => ledger.snapshot(),
    async sweep(hinted = []) {
      for (const machine of new Set([...hinted, ...(await ledger.due()).machines])) {
        const job = await ledger.begin(machine);
        if (job !== null) await work(job, shop);
      }
    },
    runDirectory: () => mkdtemp(join(tmpdir(), "static-egress-run-")),
    start(podUid, node, directory, more = {}, from = build) {
      const sidecar = startSidecar(from, directory, {
        REDIS_URL: redisUrl,
        AWS_ENDPOINT_URL_EC2: ec2.endpoint,
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
        STATIC_EGRESS_INSTALLATION: installation,
        ...podEnvironment(podUid, node, directory),
        ...more,
      });
      sidecars.push(sidecar);
      return sidecar;
    },
    async close() {
      clearInterval(beating);
      await Promise.all(sidecars.map((sidecar) => sidecar.end("SIGKILL")));
      await ec2.close();
      await ledger.close();
    },
  };
  return scene;
}

/** As its image starts it. */
/** What the webhook writes into a sidecar's container in either mode. */
export const podEnvironment = (podUid: string, node: string, directory: string) => ({
  STATIC_EGRESS_POOL: "partners",
  STATIC_EGRESS_POD_UID: podUid,
  STATIC_EGRESS_POD_NAME: podUid,
  STATIC_EGRESS_POD_NAMESPACE: "apps",
  STATIC_EGRESS_NODE_NAME: node,
  STATIC_EGRESS_SERVICE_ACCOUNT: "default",
  STATIC_EGRESS_RUN_DIR: directory,
});

export function startSidecar(build: string, directory: string, env: Record<string, string | undefined>): Sidecar {
  const startedAtMs = Date.now();
  const script = join(build, "dist/sidecar/main.cjs");
  const child = spawn(process.execPath, [...sidecarImage.flags, script], { env: { ...sidecarImage.env, ...env } });
  const exit = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const file = (name: string) => readFile(join(directory, name), "utf8").catch(() => "");
  return {
    directory,
    process: child,
    startedAtMs,
    output: () => output,
    file,
    state: async () => JSON.parse((await file("state.json")) || "{}") as Record<string, unknown>,
    async end(signal) {
      if (signal !== undefined) child.kill(signal);
      await exit;
      return child.exitCode;
    },
  };
}
