import { setTimeout as pause } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import {
  acquireBytes,
  exchange,
  leaseMs,
  type LeaseReplica,
  open,
  renewBytes,
  startLeaseReplica,
} from "./lease-load.ts";
import { quantile } from "./quantile.ts";
import { nodeOf } from "./reconcile-scene.ts";
import { notMeasured, type Row } from "./row.ts";

const holders = 10_000;
const nodes = 1000;
const newcomers = 500;
/** Connections that are being opened at the same time. */
const atOnce = 50;
const renewEveryMs = leaseMs / 3;
/** Each holder renews twice, and the newcomers come after the first half. */
const heldForMs = 2 * renewEveryMs;

interface Holder {
  readonly socket: TLSSocket;
  readonly renewal: Buffer;
  expiresAtMs: number;
}

/**
 * One replica, and holders that each keep a TLS connection and renew every 20 s, evenly spread; in the middle of it 500 more pods acquire at
 * once, each over a connection of its own. All in one client process, a loopback address for each pod: 10,500 sockets in either process.
 */
export async function benchHolders(): Promise<Row[]> {
  const replica = await startLeaseReplica(nodes, 3 * (holders + newcomers));
  if (replica === undefined) return [notMeasured("holders", "no redis-server or valkey-server on the PATH")];
  const all: Holder[] = [];
  try {
    const before = await replica.used();
    const opening = Array.from({ length: atOnce }, async (_, first) => {
      for (let index = first; index < holders; index += atOnce) all.push(await hold(replica, index));
    });
    await Promise.all(opening);
    const held = await replica.used();

    const renewals = createRenewals(all);
    const startedAt = performance.now();
    const running = renewals.run(startedAt);
    await pause(heldForMs / 4);
    const [from, renewedFrom, fromAt] = [await replica.used(), renewals.latencies.length, performance.now()];
    await pause(heldForMs / 4);
    const [until, renewedUntil, untilAt] = [await replica.used(), renewals.latencies.length, performance.now()];
    const joined = await Promise.all(Array.from({ length: newcomers }, (_, index) => join(replica, holders + index)));
    await running;
    const after = await replica.used();

    const perSecond = (renewedUntil - renewedFrom) / ((untilAt - fromAt) / 1000);
    const perCpuSecond = (renewedUntil - renewedFrom) / ((until.cpuMs - from.cpuMs) / 1000);
    const bytes = ((held.rssMiB - before.rssMiB) * 2 ** 20) / holders;
    const note = `${holders} holders, ${renewals.latencies.length} renewals, ${perSecond.toFixed(0)}/s`;
    return [
      {
        name: "holders: renewals later than their deadline",
        value: renewals.late(),
        unit: "",
        goal: { atMost: 0 },
        note,
      },
      { name: "holders: renewal p50", value: quantile(renewals.latencies, 0.5), unit: "ms" },
      { name: "holders: renewal p99", value: quantile(renewals.latencies, 0.99), unit: "ms" },
      { name: "holders: renewal at worst", value: Math.max(...renewals.latencies.slice(0, 50_000)), unit: "ms" },
      {
        name: "holders: renewals for a second of CPU",
        value: perCpuSecond,
        unit: "/s",
        note: "of the replica's process, Redis' aside",
      },
      {
        name: "holders: last of 500 acquires at once",
        value: Math.max(...joined.map(({ ms }) => ms)),
        unit: "ms",
        note: `beside the renewals, a new TLS connection each; ${joined.filter(({ tries }) => tries > 1).length} tried again`,
      },
      {
        name: "holders: RSS of the replica for each",
        value: bytes / 1024,
        unit: "KiB",
        note: `${held.rssMiB.toFixed(0)} MiB for all, TLS connections included`,
      },
      {
        name: "holders: RSS growth while they hold",
        value: after.rssMiB - held.rssMiB,
        unit: "MiB",
        note: "from all connected to the end; the 500 have gone by then",
      },
    ];
  } finally {
    for (const { socket } of all) socket.destroy();
    await replica.close();
  }
}

const addressOf = (index: number): string => `127.1.${index >> 8}.${index & 255}`;

async function hold(replica: LeaseReplica, index: number): Promise<Holder> {
  const socket = await open(replica, addressOf(index));
  const podUid = `pod-${index}`;
  const { secret, expiresAtMs } = await exchange(socket, acquireBytes(podUid, nodeOf(index % nodes)));
  return { socket, renewal: renewBytes(podUid, String(secret)), expiresAtMs: Number(expiresAtMs) };
}

/** As a sidecar: a connection that fails, for a handshake that takes too long say, is followed by another one. */
async function join(replica: LeaseReplica, index: number): Promise<{ ms: number; tries: number }> {
  const startedAt = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      const socket = await open(replica, addressOf(index));
      const { status } = await exchange(socket, acquireBytes(`pod-${index}`, nodeOf(index % nodes)));
      socket.destroy();
      if (status === "attached") return { ms: performance.now() - startedAt, tries };
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** The time of a renewal counts from when it was due. */
function createRenewals(all: readonly Holder[]) {
  const latencies: number[] = [];
  let late = 0;

  async function renew(holder: Holder, dueAt: number): Promise<void> {
    const answer = await exchange(holder.socket, holder.renewal);
    latencies.push(performance.now() - dueAt);
    if (answer["status"] !== "renewed" || answer["late"] === true) late += 1;
    holder.expiresAtMs = Number(answer["expiresAtMs"]);
  }
  return {
    latencies,
    late: () => late,
    async run(startedAt: number): Promise<void> {
      const asked: Promise<void>[] = [];
      const total = (all.length * heldForMs) / renewEveryMs;
      const gapMs = heldForMs / total;
      for (let made = 0; made < total;) {
        const untilNow = Math.min(total, (performance.now() - startedAt) / gapMs);
        for (; made < untilNow; made++) {
          const holder = all[made % all.length];
          if (holder !== undefined) asked.push(renew(holder, startedAt + made * gapMs));
        }
        await pause(2);
      }
      await Promise.all(asked);
    },
  };
}
