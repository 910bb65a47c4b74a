import { get, kubectl } from "../e2e/support/kubectl.ts";
import { redis } from "../e2e/support/ours.ts";
import { namespace } from "./site.ts";

export interface Sample {
  readonly atMs: number;
  readonly rssMiB: number;
  /** Open file descriptors: sockets are among them. */
  readonly descriptors: number;
}

/** What one process (a container that was not restarted) used over time. */
export interface Process {
  readonly kind: "webhook" | "sidecar";
  readonly name: string;
  readonly samples: Sample[];
}

interface PodObject {
  readonly metadata: { name: string; uid: string };
  readonly status: { containerStatuses?: Status[]; initContainerStatuses?: Status[] };
}
interface Status {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
}

/** By Node: there is no shell in the webhook's image, and little more in the sidecar's. */
const look = `
const { readFileSync, readdirSync } = require("node:fs");
const [, rss] = /VmRSS:\\s+(\\d+) kB/.exec(readFileSync("/proc/1/status", "utf8"));
console.log(rss, readdirSync("/proc/1/fd").length);`;

/** Samples the processes of ours that live long: the webhook's replicas, and the sidecars of the steady pods. */
export function watchUsage() {
  const processes = new Map<string, Process>();

  async function sample(kind: Process["kind"], where: string, selector: string, container: string): Promise<void> {
    const { items } = await get<{ items: PodObject[] }>("-n", where, "pods", "-l", selector);
    for (const { metadata, status } of items) {
      const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
      const found = all.find(({ name }) => name === container);
      if (found?.ready !== true) continue;
      const args = ["-n", where, "exec", metadata.name, "-c", container, "--", "node", "-e", look];
      // A process that has just ended has nothing to tell.
      const text = await kubectl("--request-timeout=10s", ...args).catch(() => "");
      const [, rss, descriptors] = /^(\d+) (\d+)/.exec(text) ?? [];
      if (rss === undefined) continue;
      const key = `${metadata.uid}/${found.restartCount}`;
      const process = processes.get(key) ?? { kind, name: metadata.name, samples: [] };
      process.samples.push({ atMs: Date.now(), rssMiB: Number(rss) / 1024, descriptors: Number(descriptors) });
      processes.set(key, process);
    }
  }

  return {
    async look(): Promise<void> {
      await sample("webhook", "static-egress", "app.kubernetes.io/name=static-egress-webhook", "webhook");
      await sample("sidecar", namespace, "steady", "static-egress-lease");
    },
    processes: (): Process[] => [...processes.values()],
  };
}

/** How many keys of each family the ledger has; `leases:i-1` and `leases:i-2` are of one family. */
export async function ledgerKeys(): Promise<Record<string, number>> {
  const families: Record<string, number> = {};
  for (const key of (await redis("--scan")).split("\n")) {
    const family = /\}:([^:]+)/.exec(key)?.[1];
    if (family !== undefined) families[family] = (families[family] ?? 0) + 1;
  }
  return families;
}

/** How much more the process used at its end than once it was warm; null for one that did not live for `forMs` after that. */
export function growth(
  { samples }: Process,
  warmMs: number,
  forMs: number,
): { rssMiB: number; descriptors: number } | null {
  const [start] = samples;
  const warm = samples.filter(({ atMs }) => atMs >= (start?.atMs ?? 0) + warmMs);
  const [first, last] = [warm[0], warm.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < forMs) return null;
  const middle = (of: (sample: Sample) => number, some: Sample[]) =>
    some.map(of).toSorted((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0;
  const grown = (of: (sample: Sample) => number) => middle(of, warm.slice(-5)) - middle(of, warm.slice(0, 5));
  return { rssMiB: grown(({ rssMiB }) => rssMiB), descriptors: grown(({ descriptors }) => descriptors) };
}
