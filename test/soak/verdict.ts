import { until } from "../e2e/support/wait.ts";
import { redis } from "../e2e/support/ours.ts";
import type { Violation } from "../e2e/support/lab.ts";
import type { Repair, Window } from "./storm.ts";
import type { Site } from "./site.ts";
import { growth, ledgerKeys, type Process } from "./usage.ts";

/** A doubtful ledger detaches nothing for two lease lifetimes; then linger, a sweep, the cloud. */
const settleSeconds = 200;

/** Keys that exist only for a pod or for work under way. */
const passing = ["leases", "waiting", "lock", "seen"];

/** What a process may use more at its end than once warm; more is a leak. */
const mayGrow = {
  webhook: { rssMiB: 40, descriptors: 20 },
  sidecar: { rssMiB: 10, descriptors: 8 },
};
const warmMs = 120_000;
const judgedAfterMs = 8 * 60_000;

/** Waits until the addresses in use are those that live pods explain, by the cloud, by Kubernetes and by the ledger; else says how they differ. */
export async function explainAddresses(site: Site): Promise<string[]> {
  let last = "";
  const look = async (): Promise<object | string> => {
    const wanted = (await site.pods())
      .filter((pod) => pod.pool !== null && !pod.ended)
      .map(({ node, pool }) => `${node}/${pool}`);
    const pools = await Promise.all(
      ["partners", "billing"].map(async (pool) => ({ pool, held: [...(await site.lab.poolAddresses(pool)).values()] })),
    );
    const held = pools.flatMap(({ pool, held: nodes }) =>
      nodes.filter((node) => node !== null).map((node) => `${node}/${pool}`),
    );
    const leases = (await redis("HVALS", "static-egress:{default}:pods")).split("\n").filter((line) => line !== "");
    const leased = leases.map((line) => JSON.parse(line) as { node: string; pool: string; state: string });
    const inLedger = leased.filter(({ state }) => state !== "waiting").map(({ node, pool }) => `${node}/${pool}`);
    const texts = [wanted, held, inLedger].map((list) => [...new Set(list)].toSorted().join(" "));
    const [pods, cloud, ledger] = texts;
    last = `live pods: ${pods}; cloud: ${cloud}; ledger: ${ledger}`;
    return new Set(texts).size === 1 && inLedger.length === wanted.length ? { texts } : last;
  };
  return until("addresses in use are what live leases explain", look, settleSeconds).then(
    () => [],
    () => [`addresses in use are not what live leases explain: ${last}`],
  );
}

/** What is left in the ledger for pods and work that are gone, once work that still goes on (the second half of a swap) has ended. */
export async function judgeKeys(first: Readonly<Record<string, number>>): Promise<string[]> {
  let left: string[] = [];
  const look = async (): Promise<object | string> => {
    const last = await ledgerKeys();
    left = passing.flatMap((family) => {
      const more = (last[family] ?? 0) - (first[family] ?? 0);
      return more > 0 ? [`${more} more keys '${family}' than at the start`] : [];
    });
    return left.length === 0 ? last : left.join(", ");
  };
  return until("no key is left for what has ended", look, 60).then(
    () => [],
    () => left,
  );
}

export function judgeUsage(processes: readonly Process[]): string[] {
  const seen = new Set(processes.map(({ kind }) => kind));
  const unseen = (["webhook", "sidecar"] as const).filter((kind) => !seen.has(kind));
  if (unseen.length > 0) return [`no ${unseen.join(" and no ")} was measured`];
  return processes.flatMap((process) => {
    const grown = growth(process, warmMs, judgedAfterMs);
    const limit = mayGrow[process.kind];
    if (grown === null) return [];
    const what = `${process.kind} ${process.name}`;
    return [
      ...(grown.rssMiB > limit.rssMiB ? [`${what} grew by ${grown.rssMiB.toFixed(1)} MiB`] : []),
      ...(grown.descriptors > limit.descriptors ? [`${what} has ${grown.descriptors} descriptors more`] : []),
    ];
  });
}

export const judgeRepairs = (repairs: readonly Repair[]): string[] =>
  repairs.filter(({ seconds }) => seconds === null).map(({ kind }) => `never repaired: ${kind}`);

/** Faults during which nobody can give a node a public address in time: the cloud is out of reach, or took it itself. */
const excuses = /^cloud |^address taken off by hand$/;

/** Only the length of a node's downtime is excused, and only by a fault that makes it long. All the rest must never be. */
export function judgeViolations(
  all: readonly Violation[],
  windows: readonly Window[],
): { unexplained: string[]; explained: number } {
  const unexplained = all.filter(({ kind, timeMs }) => {
    const excused = windows.some((at) => excuses.test(at.kind) && at.fromMs <= timeMs && timeMs <= at.toMs + 15_000);
    return kind !== "node-without-public-ip" || !excused;
  });
  return { unexplained: unexplained.map((one) => JSON.stringify(one)), explained: all.length - unexplained.length };
}
