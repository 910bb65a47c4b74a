import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import { fakeApiServer } from "../support/cluster/fake-api-server.ts";
import { claim, pool } from "../support/ledger-cases.ts";
import { reviewOnly, tokenOf } from "../support/lease-api/tokens.ts";
import { startRedis } from "../support/redis.ts";
import { addressOf, nodeOf } from "./reconcile-scene.ts";

export const leaseMs = 60_000;

/** A replica of the lease API in a process of its own, over a Redis whose nodes have their addresses already. */
export interface LeaseReplica {
  readonly port: number;
  readonly ca: string;
  used(): Promise<{ readonly cpuMs: number; readonly rssMiB: number }>;
  close(): Promise<void>;
}

/** Undefined where there is no Redis. `connections`: STATIC_EGRESS_CONNECTIONS. */
export async function startLeaseReplica(nodes: number, connections: number): Promise<LeaseReplica | undefined> {
  const redis = await startRedis();
  if (redis === undefined) return undefined;
  await attachAll(redis.url, nodes);
  const apiServer = await fakeApiServer(reviewOnly);
  const server = apiServer.config.getCurrentCluster()?.server ?? "";
  const child = fork(new URL("lease-replica.ts", import.meta.url), [redis.url, server, String(connections)], {
    execArgv: ["--import", new URL("lua-as-text.ts", import.meta.url).href],
  });
  const [where] = (await once(child, "message")) as [{ port: number; ca: string }];
  return {
    ...where,
    async used() {
      const answer = once(child, "message");
      child.send("used");
      const [used] = (await answer) as [{ cpuMs: number; rssMiB: number }];
      return used;
    },
    async close() {
      child.kill();
      await apiServer.close();
      await redis.stop();
    },
  };
}

/** What the controller has done long ago: each node carries an address, held by a pod that is not looked at. */
async function attachAll(url: string, nodes: number): Promise<void> {
  const ledger = connectLedger(url, { installation: "bench" });
  const numbers = Array.from({ length: nodes }, (_, index) => index);
  await ledger.beat(null);
  await ledger.putPools([pool()]);
  await Promise.all(
    numbers.map((index) => {
      const name = nodeOf(index);
      const machine = { id: `i-${name}`, providerId: `aws:///eu-west-1a/i-${name}` };
      return ledger.putNode({ name, uid: `uid-${name}`, cloud: "aws", region: "eu-west-1", machine, ready: true });
    }),
  );
  const rows = numbers.map((index) => ({ ...addressOf(index), attachedTo: null }));
  await ledger.putInventory("partners", rows, (await ledger.now()) + 60_000);
  for (const index of numbers) {
    const first = claim(`first-${index}`, nodeOf(index));
    const answer = await ledger.acquire(first, { leaseMs: 3_600_000, mayWork: ["aws"] });
    if (answer.status !== "work") throw new Error(`the first pod of ${first.node} was answered ${answer.status}`);
    const { machine, fence } = answer.job;
    await ledger.settle(machine.id, fence, { outcome: "attached", hadEphemeral: true });
  }
  await ledger.close();
}

export function acquireBytes(podUid: string, node: string): Buffer {
  return post("/v1/lease/acquire", `Bearer ${tokenOf({ podUid, node })}`, { pool: "partners" });
}

export function renewBytes(podUid: string, secret: string): Buffer {
  return post("/v1/lease/renew", `Lease ${podUid}.${secret}`, { note: null });
}

function post(path: string, authorization: string, body: unknown): Buffer {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: ${authorization}`,
    "Content-Type: application/json",
    `Content-Length: ${text.length}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`);
}

/** `from`: the address of the loopback that the pod has. */
export function open({ port, ca }: LeaseReplica, from: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const to = { port, host: "127.0.0.1", localAddress: from, servername: "localhost", ca };
    const socket = connect(to, () => resolve(socket));
    socket.setNoDelay(true);
    socket.on("error", reject); // later: the exchange that is under way hears of the close
  });
}

/** Sends one request and reads its answer, whose status has to be 200. */
export function exchange(socket: TLSSocket, bytes: Buffer): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const end = (error?: Error): void => {
      socket.off("data", read);
      socket.off("close", closed);
      if (error !== undefined) return reject(error);
      resolve(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as Record<string, unknown>);
    };
    const read = (chunk: Buffer): void => {
      answer += chunk.toString("latin1");
      const head = answer.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
      if (head < 0 || answer.length < head + 4 + length) return;
      end(answer.startsWith("HTTP/1.1 200") ? undefined : new Error(answer.slice(0, 400)));
    };
    const closed = (): void => end(new Error("the replica closed a connection"));
    socket.on("data", read);
    socket.once("close", closed);
    socket.write(bytes);
  });
}
