import { createRandom } from "../simulation/random.ts";
import { until } from "../e2e/support/wait.ts";
import { churn, endChurn, firstLine } from "./churn.ts";
import { repaired, startSteady } from "./health.ts";
import type { SoakOptions } from "./options.ts";
import { startProgress } from "./progress.ts";
import { faultRows, flowRow, memoryRows, round, type Results } from "./results.ts";
import type { Site } from "./site.ts";
import { startStorm } from "./storm.ts";
import { watchTraffic } from "./traffic.ts";
import { ledgerKeys, watchUsage } from "./usage.ts";
import { explainAddresses, judgeKeys, judgeRepairs, judgeUsage, judgeViolations } from "./verdict.ts";

/** The whole soak: calm, storm, calm, judgement. `signal` cuts the storm short; what is judged then is what there was. */
export async function soak(
  site: Site,
  options: SoakOptions & { kinds: readonly string[] },
  signal: AbortSignal,
): Promise<Results> {
  const startedMs = Date.now();
  const { seed, minutes, kinds } = options;
  const log = (line: string) => console.log(`soak ${clockText(Date.now() - startedMs)} ${line}`);
  const violationsBefore = (await site.lab.violations()).length;
  const traffic = watchTraffic(site.lab);
  const usage = watchUsage();
  const at = { site, traffic };

  await startSteady(at);
  await repaired(at);
  const keysFirst = await ledgerKeys();
  log(`calm; ${minutes} minutes of churn and faults begin, seed ${seed}`);

  const end = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
  const storm = startStorm({ ...at, kinds, random: createRandom(`${seed}/faults`), signal: end, log });
  const violations = async () => (await site.lab.violations()).slice(violationsBefore);
  const progress = startProgress({ ...at, usage, storm, violations, log });
  const churning = churn({ ...at, random: createRandom(`${seed}/churn`), log, signal: end });
  const [workloadsStarted] = await Promise.all([churning, storm.done]);

  log("the storm is over: what came and went is ended, and calm is waited for");
  const problems: string[] = [];
  const fail = (error: unknown) => void problems.push(firstLine(error));
  await endChurn(site).catch(fail);
  await repaired(at).catch(fail);
  await until("the last probe is gone", async () =>
    (await site.pods()).length === site.steady.length ? { gone: true } : "not yet",
  ).catch(fail);
  problems.push(...(await explainAddresses(site)));
  await progress.stop();
  problems.push(...(await judgeKeys(keysFirst)));
  const keysLast = await ledgerKeys();
  const { unexplained, explained } = judgeViolations(await violations(), storm.windows);
  const counts = traffic.counts();
  problems.push(
    ...judgeUsage(usage.processes()),
    ...judgeRepairs(storm.repairs),
    ...unexplained.map((violation) => `violation: ${violation}`),
    ...counts.wrong.map((flow) => `wrong source: ${flow}`),
  );
  const { attached, detached } = await site.lab.countEvents(startedMs);
  const downtime = Object.values(await site.lab.downtime());
  return {
    cloud: site.settings.cloud,
    startedAt: new Date(startedMs).toISOString(),
    minutes: round((Date.now() - startedMs) / 60_000),
    seed,
    nodes: site.nodes.length,
    faults: faultRows(storm.repairs),
    workloadsStarted,
    ...progress.most(),
    attached,
    detached,
    nodeDowntime: {
      gaps: downtime.reduce((sum, { gaps }) => sum + gaps, 0),
      totalSeconds: round(downtime.reduce((sum, { totalMs }) => sum + totalMs, 0) / 1000),
      longestSeconds: round(Math.max(0, ...downtime.map(({ longestMs }) => longestMs)) / 1000),
    },
    flows: flowRow(counts),
    violations: unexplained,
    violationsExplained: explained,
    memory: memoryRows(usage.processes()),
    keys: { first: keysFirst, last: keysLast },
    problems,
  };
}

function clockText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
