import { duration } from "../../shared/inspection/duration.ts";
import { leaseRows, type LeaseRow } from "../../shared/inspection/lease-rows.ts";
import { nodeRows } from "../../shared/inspection/node-rows.ts";
import { poolRows } from "../../shared/inspection/pool-rows.ts";
import { table } from "../inspection/table.ts";
import type { Facts } from "./facts.ts";
import type { RunningPod } from "./kubelet.ts";

export type Paint = (style: "bold" | "dim" | "green" | "yellow" | "red" | "cyan", text: string) => string;

/** Everything at one moment, as lines for a terminal. Pure. */
export function picture(facts: Facts, heading: readonly string[], story: readonly string[], paint: Paint): string {
  const { snapshot, cloud } = facts;
  const head = (...names: string[]) => names.map((name) => paint("dim", name));
  const pools = poolRows(snapshot).map((row) => [
    paint("bold", row.pool),
    ...[row.total, row.free, row.attached, row.leases].map(String),
    row.waiting === 0 ? "0" : paint("yellow", String(row.waiting)),
  ]);
  const nodes = nodeRows(snapshot).map((row) => {
    const machine = cloud.nodes.get(row.machine);
    const ip = machine?.egressIp ?? "nothing";
    return [
      row.node,
      machine?.kind === "reserved" ? paint("green", ip) : paint("dim", ip),
      colouredState(row.state, paint),
      String(row.leases),
    ];
  });
  const leases = new Map(leaseRows(snapshot).map((row) => [row.podUid, row]));
  const pods = facts.pods.map((running) => {
    const { metadata, spec } = running.pod;
    const row = leases.get(metadata.uid ?? "");
    const age = row === undefined ? "" : duration(snapshot.nowMs - row.sinceMs);
    return [metadata.name, spec.nodeName ?? "", colouredState(stateOf(running, row), paint), row?.address ?? "", age];
  });
  return [
    ...heading,
    "",
    table(head("POOL", "ADDRESSES", "FREE", "ATTACHED", "LEASES", "WAITING"), pools),
    "",
    table(head("NODE", "LEAVES FROM", "STATE", "LEASES"), nodes),
    "",
    table(head("POD", "NODE", "STATE", "ADDRESS", "FOR"), pods),
    "",
    ...story.map((line) => paint("dim", line)),
  ].join("\n");
}

function stateOf({ phase }: RunningPod, row: LeaseRow | undefined): string {
  if (row === undefined) return phase;
  if (row.state !== "waiting") return row.state === "held" && phase === "starting" ? "attaching" : row.state;
  return row.position === null ? (row.reason ?? "waiting") : `waiting #${row.position}`;
}

function colouredState(state: string, paint: Paint): string {
  if (state === "held" || state === "attached") return paint("green", state);
  if (state.startsWith("waiting")) return paint("yellow", state);
  if (state === "free" || state === "starting") return paint("dim", state);
  return paint("cyan", state);
}
