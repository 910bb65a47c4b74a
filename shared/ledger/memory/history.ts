import { historyLength, type HistoryEntry } from "../records.ts";
import type { AttachmentRecord, PodRecord, State } from "./records.ts";

type More = { readonly pod?: Pick<PodRecord, "pod" | "podUid"> | undefined; readonly code?: string };

/** As note_history of lib.lua. */
export function noteHistory(
  state: State,
  now: number,
  kind: HistoryEntry["kind"],
  { pool, address, node, machine }: Pick<AttachmentRecord, "pool" | "address" | "node" | "machine">,
  { pod, code }: More = {},
): void {
  const { history } = state;
  const last = partsOf(history.at(-1)?.id ?? "0-0");
  const [ms, count] = now > last[0] ? [now, 0] : [last[0], last[1] + 1];
  history.push({
    id: `${ms}-${count}`,
    atMs: now,
    kind,
    pool,
    ip: address.ip,
    node,
    machine: machine.id,
    ...(pod !== undefined && { pod: pod.pod, podUid: pod.podUid }),
    ...(code !== undefined && { code }),
  });
  if (history.length > historyLength * 1.1) history.splice(0, history.length - historyLength);
}

/** As history.lua. */
export function history(state: State, after: string, most: number): HistoryEntry[] {
  const [ms, count] = partsOf(after === "" ? "-1-0" : after);
  const first = state.history.findIndex(({ id }) => {
    const [atMs, nth] = partsOf(id);
    return atMs > ms || (atMs === ms && nth > count);
  });
  return first === -1 ? [] : state.history.slice(first, first + most);
}

function partsOf(id: string): [number, number] {
  const dash = id.lastIndexOf("-");
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
