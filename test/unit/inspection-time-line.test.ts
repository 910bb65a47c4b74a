import { describe, expect, it } from "vitest";
import { timeLine } from "../../shared/inspection/time-line.ts";
import type { HistoryEntry } from "../../shared/ledger/records.ts";

/** `10 n1 leased p1`: at, node, kind, pod or code. */
function entry(line: string): HistoryEntry {
  const [at = "", node = "", kind = "", what] = line.split(" ");
  const more =
    kind === "failed" ? { code: what ?? "" } : what === undefined ? {} : { pod: `apps/${what}`, podUid: what };
  const where = { pool: "partners", ip: "203.0.113.1", node, machine: `i-${node}` };
  return { id: `${at}-0`, atMs: Number(at), kind: kind as HistoryEntry["kind"], ...where, ...more };
}

const told = (...lines: string[]) =>
  timeLine(lines.map(entry)).map(({ node, fromMs, attachedMs, toMs, code, pods }) => [
    `${node} ${fromMs}..${attachedMs}..${toMs}${code === null ? "" : ` ${code}`}`,
    ...pods.map((pod) => `${pod.podUid} ${pod.fromMs}..${pod.toMs}`),
  ]);

describe("timeLine", () => {
  it("tells each node's time with the address, and the pods', newest first", () => {
    expect(
      told(
        "1 n1 leased p1",
        "1 n1 attaching",
        "3 n1 attached",
        "4 n1 leased p2",
        "5 n1 released p1",
        "6 n1 released p2",
        "9 n1 detached",
        "9 n2 leased p3",
        "12 n2 attached",
      ),
    ).toEqual([
      ["n2 9..12..null", "p3 9..null"],
      ["n1 1..3..9", "p1 1..5", "p2 4..6"],
    ]);
  });

  it("begins in the middle where older entries are gone", () => {
    expect(told("5 n1 released p1", "6 n1 detached")).toEqual([["n1 null..null..6", "p1 null..5"]]);
  });

  it("keeps the leases of an attach that was given up with it, and its code", () => {
    expect(told("1 n1 leased p1", "1 n1 attaching", "4 n1 failed NODE_PRIVATE", "4 n1 released p1")).toEqual([
      ["n1 1..null..4 NODE_PRIVATE", "p1 1..4"],
    ]);
  });

  it("closes what the ledger was not told of: the address is elsewhere now", () => {
    expect(told("1 n1 leased p1", "2 n1 attached", "8 n2 adopted")).toEqual([
      ["n2 8..8..null"],
      ["n1 1..2..8", "p1 1..8"],
    ]);
  });

  it("an emptied ledger gives a lease again: it is one", () => {
    expect(told("1 n1 leased p1", "2 n1 attached", "7 n1 adopted", "8 n1 leased p1")).toEqual([
      ["n1 1..2..null", "p1 1..null"],
    ]);
  });

  it("the same node may have it again", () => {
    expect(told("1 n1 leased p1", "2 n1 attached", "3 n1 released p1", "4 n1 detached", "6 n1 leased p2")).toHaveLength(
      2,
    );
  });
});
