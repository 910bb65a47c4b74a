import type { HistoryEntry } from "../ledger/records.ts";

/** A time that a pod had a lease. `fromMs` null: since before what the history tells of; `toMs` null: it has it still. */
export interface PodSpan {
  readonly pod: string;
  readonly podUid: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** A time that an address was on a node, or on its way there. Likewise. */
export interface Span {
  readonly node: string;
  readonly machine: string;
  readonly pool: string;
  readonly fromMs: number | null;
  /** When it was found to be there; null: never, or before what the history tells of. */
  readonly attachedMs: number | null;
  readonly toMs: number | null;
  /** Why the attach was given up. */
  readonly code: string | null;
  readonly pods: readonly PodSpan[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type OpenSpan = Omit<Writable<Span>, "pods"> & { pods: Writable<PodSpan>[] };

/** Where one address was, and for whom: from all that befell it, oldest first. The newest span is first. Pure. */
export function timeLine(entries: readonly HistoryEntry[]): Span[] {
  const spans: OpenSpan[] = [];
  for (const entry of entries) {
    const span = spanFor(spans, entry);
    if (entry.pod !== undefined && entry.podUid !== undefined) notePod(span, entry, entry.pod, entry.podUid);
    if (entry.kind === "attached" || entry.kind === "adopted") span.attachedMs ??= entry.atMs;
    if (entry.kind === "failed") span.code = entry.code ?? null;
    if (entry.kind === "failed" || entry.kind === "detached") close(span, entry.atMs);
  }
  return spans.toReversed();
}

const begins = new Set<HistoryEntry["kind"]>(["leased", "attaching", "adopted"]);

function spanFor(spans: OpenSpan[], { machine, node, pool, atMs, kind }: HistoryEntry): OpenSpan {
  const last = spans.at(-1);
  if (last?.machine === machine && (last.toMs === null || !begins.has(kind))) return last;
  if (last?.toMs === null) close(last, atMs); // how it went is not told
  const fromMs = begins.has(kind) ? atMs : null;
  const span: OpenSpan = { node, machine, pool, fromMs, attachedMs: null, toMs: null, code: null, pods: [] };
  spans.push(span);
  return span;
}

function notePod({ pods }: OpenSpan, { kind, atMs }: HistoryEntry, pod: string, podUid: string): void {
  const open = pods.find((each) => each.podUid === podUid && each.toMs === null);
  if (kind === "leased" && open === undefined) pods.push({ pod, podUid, fromMs: atMs, toMs: null });
  if (kind !== "released") return;
  if (open !== undefined) open.toMs = atMs;
  else if (!pods.some((each) => each.podUid === podUid)) pods.push({ pod, podUid, fromMs: null, toMs: atMs });
}

function close(span: OpenSpan, atMs: number): void {
  span.toMs = atMs;
  for (const pod of span.pods) pod.toMs ??= atMs;
}
