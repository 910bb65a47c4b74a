import { addressStates } from "../../../shared/inspection/address-state.ts";
import { duration } from "../../../shared/inspection/duration.ts";
import type { PodRow, PoolRow } from "./api.ts";
import { h, svg, type Child } from "./dom.ts";
import { hrefOf } from "./route.ts";

export const state = (name: string): HTMLElement => h("span", { class: `state ${name}` }, name);

export const age = (sinceMs: number | null, nowMs: number): Child =>
  sinceMs === null ? "–" : h("time", { datetime: new Date(sinceMs).toISOString() }, duration(nowMs - sinceMs));

/** Links, by what they lead to; nothing to lead to is a dash. */
const link = (view: string, names: readonly string[], text: string): Child =>
  h("a", { href: hrefOf(view, names) }, text);
export const poolLink = (pool: string | null): Child => (pool === null ? "–" : link("pools", [pool], pool));
export const nodeLink = (node: string | null): Child =>
  node === null ? "–" : link("nodes", [node.replace(/ \(gone\)$/, "")], node);
export const addressLink = (ip: string | null): Child => (ip === null ? "–" : link("addresses", [ip], ip));
export const podLink = (pod: string): Child => link("pods", pod.split("/"), pod);

/** A pool's addresses by state, as a bar and in words. */
export function bar(pool: PoolRow): HTMLElement {
  const states = [...addressStates.filter((name) => name !== "free"), "taken", "free"] as const;
  const present = states.filter((name) => pool[name] > 0);
  let x = 0;
  const parts = present.map((name) => {
    const width = (pool[name] / pool.total) * 100;
    const part = svg("rect", { class: name, x: x.toFixed(2), width: width.toFixed(2), height: 1 });
    x += width;
    return part;
  });
  const words = present.map((name) => `${pool[name]} ${name}`).join(", ") || "no addresses";
  return h(
    "div",
    {},
    svg("svg", { class: "bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts),
    h("span", { class: "soft" }, words),
  );
}

export const podState = ({ state: name, position }: PodRow): readonly Child[] =>
  position === null ? [state(name)] : [state(name), ` #${position}`];

export function facts(rows: readonly (readonly [string, Child])[]): HTMLElement {
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
