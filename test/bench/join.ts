import { setTimeout as pause } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { acquireBytes, exchange, open, startLeaseReplica } from "./lease-load.ts";
import { quantile } from "./quantile.ts";
import { nodeOf } from "./reconcile-scene.ts";
import { notMeasured, type Row } from "./row.ts";

const perSecond = 200;
const seconds = 15;
const warmUps = 400;
const connections = 64;
const nodes = 50;

/**
 * Pods that start where the address is on their node already: acquire through the lease API over kept connections, each pod with a
 * token of its own, which a fake API server on the loopback reviews. Open loop: the time counts from when a request was due.
 */
export async function benchJoin(): Promise<Row[]> {
  const replica = await startLeaseReplica(nodes, 5000);
  if (replica === undefined) return [notMeasured("join", "no redis-server or valkey-server on the PATH")];
  try {
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(replica, "127.0.0.1")));
    const idle = [...sockets];
    const waiting: ((socket: TLSSocket) => void)[] = [];
    const latencies: number[] = [];
    async function join(index: number, dueAt: number): Promise<void> {
      const socket = idle.pop() ?? (await new Promise<TLSSocket>((resolve) => waiting.push(resolve)));
      const { status } = await exchange(socket, acquireBytes(`pod-${index}`, nodeOf(index % nodes)));
      if (status !== "attached") throw new Error(`acquire was answered ${String(status)}`);
      if (index >= warmUps) latencies.push(performance.now() - dueAt);
      const next = waiting.shift();
      if (next === undefined) idle.push(socket);
      else next(socket);
    }
    const all: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let index = 0; index < warmUps + perSecond * seconds; index++) {
      const dueAt = startedAt + (index * 1000) / perSecond;
      const earlyMs = dueAt - performance.now();
      if (earlyMs > 0) await pause(earlyMs);
      all.push(join(index, dueAt));
    }
    await Promise.all(all);
    for (const socket of sockets) socket.destroy();
    const { cpuMs } = await replica.used();
    const note = `${latencies.length} pods at ${perSecond}/s, ${connections} connections, each token reviewed`;
    return [
      { name: "join: acquire p50", value: quantile(latencies, 0.5), unit: "ms", note },
      { name: "join: acquire p99", value: quantile(latencies, 0.99), unit: "ms", goal: { below: 10 } },
      {
        name: "join: CPU of the replica",
        value: cpuMs / (warmUps + perSecond * seconds),
        unit: "ms",
        note: "for an acquire, start included",
      },
    ];
  } finally {
    await replica.close();
  }
}
