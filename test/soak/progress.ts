import { setTimeout as pause } from "node:timers/promises";
import { redis } from "../e2e/support/ours.ts";
import { firstLine } from "./churn.ts";
import type { Site } from "./site.ts";
import type { Storm } from "./storm.ts";
import type { Traffic } from "./traffic.ts";
import type { watchUsage } from "./usage.ts";

interface ProgressOptions {
  readonly site: Site;
  readonly traffic: Traffic;
  readonly usage: ReturnType<typeof watchUsage>;
  readonly storm: Storm;
  readonly violations: () => Promise<readonly unknown[]>;
  readonly log: (line: string) => void;
}

const everyMs = 30_000;
/** A node that is cut off does not answer: the line comes without what is asked of it. */
const patienceMs = 8_000;

const inTime = <T>(answer: Promise<T>): Promise<T | null> =>
  Promise.race([answer, pause(patienceMs, null, { ref: false })]).catch(() => null);

/** Looks and says how it goes every half minute, until stopped; then once more. */
export function startProgress({ site, traffic, usage, storm, violations, log }: ProgressOptions) {
  const ended = new AbortController();
  let mostPodsReady = 0;
  let mostLeases = 0;

  async function look(): Promise<void> {
    await traffic.look();
    const pods = await site.pods();
    const ready = pods.filter((pod) => pod.ready).length;
    const leases = await inTime(redis("HLEN", "static-egress:{default}:pods").then(Number));
    const used = await Promise.all(["partners", "billing"].map((pool) => site.lab.poolAddresses(pool)));
    const addresses = used.flatMap((pool) => [...pool.values()]).filter((node) => node !== null).length;
    await inTime(usage.look());
    mostPodsReady = Math.max(mostPodsReady, ready);
    mostLeases = Math.max(mostLeases, leases ?? 0);
    const { flows, explained, wrong } = traffic.counts();
    const memory = usage.processes().filter(({ kind }) => kind === "webhook");
    const webhook = Math.max(0, ...memory.slice(-2).map(({ samples }) => samples.at(-1)?.rssMiB ?? 0));
    const parts = [
      `pods ${ready}/${pods.length} Ready`,
      `in the ledger ${leases ?? "?"}`,
      `addresses ${addresses}`,
      `faults ${storm.repairs.length} (${storm.now()})`,
      `violations ${(await violations()).length}`,
      `flows ${flows} (${explained} explained, ${wrong.length} wrong)`,
      `webhook ${webhook.toFixed(0)} MiB`,
    ];
    log(parts.join(", "));
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      await look().catch((error: unknown) => log(`not looked: ${firstLine(error)}`));
      await pause(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    most: () => ({ mostPodsReady, mostLeases }),
    async stop(): Promise<void> {
      ended.abort();
      await running;
      await look();
    },
  };
}
