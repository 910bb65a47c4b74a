import { connectLedger } from "../../shared/ledger/redis/connect.ts";
import type { Claim, Ledger } from "../../shared/ledger/port.ts";
import { startRedis } from "../support/redis.ts";
import { benchClaim, fillLedger, leaseMs } from "./ledger-scene.ts";
import { median, quantile } from "./quantile.ts";
import { notMeasured, type Row } from "./row.ts";

const concurrencies = [1, 16, 128];
const commandsEach = 4000;
const rounds = 3;

interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly rate: number;
}
type Command = (ledger: Ledger, claim: Claim) => Promise<{ readonly status: string }>;

/** On a node that has its address: what nearly every pod's lease asks of the ledger. */
const commands: readonly [name: string, command: Command, expected: string][] = [
  ["acquire", (ledger, claim) => ledger.acquire(claim, { leaseMs, mayWork: [] }), "attached"],
  ["renew", (ledger, { podUid }) => ledger.renew(podUid, leaseMs), "renewed"],
  ["release", (ledger, { podUid }) => ledger.release(podUid, { mayWork: [] }), "released"],
];

/** The three commands' latency and rate, medians of `rounds`, over one connection for each that is under way, as sidecars have. */
export async function benchLedgerSpeed(): Promise<Row[]> {
  const redis = await startRedis();
  if (redis === undefined) return [notMeasured("ledger commands", "no redis-server or valkey-server on the PATH")];
  const ledgers = Array.from({ length: Math.max(...concurrencies) }, () =>
    connectLedger(redis.url, { installation: "bench" }),
  );
  try {
    await fillLedger(ledgers[0] as Ledger);
    const rows: Row[] = [];
    for (const concurrency of concurrencies) {
      const used = ledgers.slice(0, concurrency);
      await round(used, benchClaims(concurrency * 10), () => undefined); // connections and scripts
      const seen = new Map(commands.map(([name]) => [name, [] as Figures[]]));
      for (let index = 0; index < rounds; index++) {
        await round(used, benchClaims(commandsEach), (name, latencies, seconds) => {
          const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
          seen.get(name)?.push({ p50, p99, rate: latencies.length / seconds });
        });
      }
      for (const [name, figures] of seen) {
        const label = `ledger ${name}, ${concurrency} at once`;
        rows.push(
          { name: `${label}: p50`, value: median(figures.map(({ p50 }) => p50)), unit: "ms" },
          { name: `${label}: p99`, value: median(figures.map(({ p99 }) => p99)), unit: "ms" },
          { name: `${label}: rate`, value: Math.round(median(figures.map(({ rate }) => rate))), unit: "/s" },
        );
      }
    }
    return rows;
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await redis.stop();
  }
}

const benchClaims = (count: number): Claim[] => Array.from({ length: count }, (_, index) => benchClaim(index));

/** The whole life of the leases, one command after the other: what one leaves the next one needs. */
async function round(
  ledgers: readonly Ledger[],
  claims: readonly Claim[],
  report: (name: string, latenciesMs: number[], seconds: number) => void,
): Promise<void> {
  for (const [name, command, expected] of commands) {
    const latencies: number[] = [];
    const queue = claims.values();
    const startedAt = performance.now();
    await Promise.all(
      ledgers.map(async (ledger) => {
        for (const claim of queue) {
          const sentAt = performance.now();
          const { status } = await command(ledger, claim);
          latencies.push(performance.now() - sentAt);
          if (status !== expected) throw new Error(`${name} was answered ${status} instead of ${expected}`);
        }
      }),
    );
    report(name, latencies, (performance.now() - startedAt) / 1000);
  }
}
