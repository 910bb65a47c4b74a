import { duration } from "../../../shared/inspection/duration.ts";
import type { AddressHistory } from "./api.ts";
import { h, svg, type Child } from "./dom.ts";
import { nodeLink, podLink } from "./parts.ts";
import { table } from "./table.ts";

type Span = NonNullable<AddressHistory["spans"]>[number];

/** Why there is no history to show, or that there is none. */
export const noHistory = (rows: readonly unknown[] | null): string =>
  rows === null ? "The ledger's user may not read the history: it needs +xadd +xrange." : "Nothing is kept of it.";

/** Pods of one span that are named. */
const shownPods = 8;

export const moment = (ms: number | null): Child =>
  ms === null ? "before" : h("time", { datetime: new Date(ms).toISOString() }, new Date(ms).toLocaleString("sv"));

/** Who had the address when, newest first. */
export function timeLineTable({ spans, sinceMs }: AddressHistory, nowMs: number): HTMLElement {
  return table<Span>({
    label: "Time line",
    columns: [
      { heading: "Node", cell: ({ node }) => nodeLink(node) },
      { heading: "From", cell: ({ fromMs }) => moment(fromMs) },
      { heading: "Until", cell: ({ toMs }) => (toMs === null ? "now" : moment(toMs)) },
      { heading: "For", cell: ({ fromMs, toMs }) => duration((toMs ?? nowMs) - (fromMs ?? sinceMs ?? nowMs)) },
      { heading: "Attached after", cell: attachedAfter },
      { heading: "Pods", cell: (span) => podsOf(span, nowMs) },
    ],
    rows: spans ?? [],
    key: ({ machine, fromMs, toMs }) => `${machine} ${fromMs ?? `until ${toMs}`}`,
    nowMs,
    empty: noHistory(spans),
  });
}

function attachedAfter({ fromMs, attachedMs, code }: Span): string {
  if (code !== null) return `given up: ${code}`;
  return fromMs === null || attachedMs === null ? "–" : `${((attachedMs - fromMs) / 1000).toFixed(1)}s`;
}

function podsOf({ pods }: Span, nowMs: number): readonly Child[] {
  const shown = pods.slice(0, shownPods).map(({ pod, fromMs, toMs }) => {
    const time = fromMs === null ? "" : ` ${duration((toMs ?? nowMs) - fromMs)}${toMs === null ? ", still" : ""}`;
    return h("div", {}, podLink(pod), h("span", { class: "soft" }, time));
  });
  return pods.length > shownPods ? [...shown, h("div", { class: "soft" }, `${pods.length - shownPods} more`)] : shown;
}

/** The same as a strip from the oldest to now; in words it is the table. */
export function strip({ spans: told, sinceMs }: AddressHistory, nowMs: number): HTMLElement {
  const spans = told ?? [];
  const fromMs = Math.min(...spans.map((span) => span.fromMs ?? sinceMs ?? nowMs));
  if (spans.length === 0 || fromMs >= nowMs) return h("div");
  const place = (ms: number) => ((ms - fromMs) / (nowMs - fromMs)) * 1000;
  const parts = spans.map((span) => {
    const x = place(span.fromMs ?? sinceMs ?? nowMs);
    const width = Math.max(1, place(span.toMs ?? nowMs) - x);
    return svg("rect", {
      class: span.code === null ? "attached" : "taken",
      x: x.toFixed(1),
      width: width.toFixed(1),
      height: 1,
    });
  });
  return h(
    "div",
    { "aria-hidden": "true" },
    svg("svg", { class: "bar wide", viewBox: "0 0 1000 1", preserveAspectRatio: "none" }, ...parts),
    h("div", { class: "ends soft" }, h("span", {}, moment(fromMs)), h("span", {}, "now")),
  );
}
