import type { Repair } from "./storm.ts";
import type { TrafficCounts } from "./traffic.ts";
import { growth, type Process } from "./usage.ts";

export interface Results {
  readonly cloud: string;
  readonly startedAt: string;
  readonly minutes: number;
  readonly seed: string;
  readonly nodes: number;
  /** By kind: how often, and the seconds from the fault's end until all was well. */
  readonly faults: Readonly<
    Record<string, { count: number; medianSeconds: number | null; worstSeconds: number | null }>
  >;
  readonly workloadsStarted: number;
  readonly mostPodsReady: number;
  readonly mostLeases: number;
  /** What the cloud recorded: every attach and detach, and what nodes were without a public address. */
  readonly attached: number;
  readonly detached: number;
  readonly nodeDowntime: { gaps: number; totalSeconds: number; longestSeconds: number };
  readonly flows: { total: number; explained: number; wrong: number };
  readonly violations: readonly string[];
  readonly violationsExplained: number;
  readonly memory: Readonly<Record<string, MemoryRow>>;
  readonly keys: { first: Readonly<Record<string, number>>; last: Readonly<Record<string, number>> };
  readonly problems: readonly string[];
}

interface MemoryRow {
  readonly processes: number;
  readonly longestMinutes: number;
  readonly firstMiB: number;
  readonly lastMiB: number;
  readonly worstGrowthMiB: number;
  readonly firstDescriptors: number;
  readonly lastDescriptors: number;
}

function groupByKind<T extends { readonly kind: string }>(all: readonly T[]): Map<string, T[]> {
  const kinds = new Map<string, T[]>();
  for (const one of all) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return kinds;
}

export function faultRows(repairs: readonly Repair[]): Results["faults"] {
  const kinds = groupByKind(repairs);
  return Object.fromEntries(
    [...kinds].map(([kind, all]) => {
      const seconds = all
        .flatMap((repair) => (repair.seconds === null ? [] : [repair.seconds]))
        .toSorted((a, b) => a - b);
      const medianSeconds = seconds[Math.floor(seconds.length / 2)] ?? null;
      return [
        kind,
        { count: all.length, medianSeconds: round(medianSeconds), worstSeconds: round(seconds.at(-1) ?? null) },
      ];
    }),
  );
}

/** The longest-lived process of each kind, first and last; the worst growth of all. */
export function memoryRows(processes: readonly Process[]): Results["memory"] {
  const kinds = groupByKind(processes);
  return Object.fromEntries(
    [...kinds].map(([kind, all]) => {
      const life = ({ samples }: Process) => (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0);
      const longest = all.toSorted((a, b) => life(b) - life(a))[0];
      const [first, last] = [longest?.samples[0], longest?.samples.at(-1)];
      const grown = all.map((process) => growth(process, 60_000, 60_000)?.rssMiB ?? 0);
      const row: MemoryRow = {
        processes: all.length,
        longestMinutes: round(longest === undefined ? 0 : life(longest) / 60_000),
        firstMiB: round(first?.rssMiB ?? 0),
        lastMiB: round(last?.rssMiB ?? 0),
        worstGrowthMiB: round(Math.max(0, ...grown)),
        firstDescriptors: first?.descriptors ?? 0,
        lastDescriptors: last?.descriptors ?? 0,
      };
      return [kind, row];
    }),
  );
}

export const flowRow = ({ flows, explained, wrong }: TrafficCounts) => ({
  total: flows,
  explained,
  wrong: wrong.length,
});

export function round(value: number): number;
export function round(value: number | null): number | null;
export function round(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
