import { EgressError } from "../../errors.ts";
import { beatGapMs, ledgerDoubtMs, type Beat, type DoubtSign, type Mirror } from "../beat.ts";
import { emptyRecords, wakeWaiters, type State } from "./state.ts";

/** As beat.lua. */
export function beat(state: State, now: number, mirror: Mirror | null, term: number | null): Beat {
  const signs = signsOf(state, now, mirror);
  const { doubtSinceMs, doubtUntilMs, emptiedMs } = state.beat;
  const doubt =
    signs.length === 0
      ? { doubtSinceMs, doubtUntilMs, emptiedMs, signs: state.beat.signs }
      : { doubtSinceMs: now, doubtUntilMs: now + ledgerDoubtMs, emptiedMs, signs };
  if (signs.some((sign) => sign !== "gap")) {
    wakeWaiters(state, () => true);
    state.changed("");
    const epoch = Math.max(now, Number(state.epoch) + 1, Number(mirror?.epoch ?? 0) + 1);
    const { beat: before } = state;
    Object.assign(state, emptyRecords(), { epoch: String(epoch), beat: { ...before, sequence: 0 } });
    doubt.emptiedMs = now;
  }
  if (state.epoch === "") state.epoch = String(now);
  state.beat = {
    ...doubt,
    sequence: state.beat.sequence + 1,
    atMs: now,
    server: state.server,
    term: term ?? state.beat.term,
  };
  return { epoch: state.epoch, sequence: state.beat.sequence, signs, doubtUntilMs: state.beat.doubtUntilMs };
}

function signsOf({ epoch, server, beat: last }: State, now: number, mirror: Mirror | null): DoubtSign[] {
  const signs: DoubtSign[] = [];
  if (mirror !== null && epoch === "") signs.push("empty");
  if (mirror !== null && epoch !== "" && epoch !== mirror.epoch) signs.push("other-epoch");
  if (last.server !== "" && last.server !== server) signs.push("other-server");
  if (mirror?.epoch === epoch && last.sequence < mirror.sequence) signs.push("older");
  if (last.server !== "" && Math.abs(now - last.atMs) > beatGapMs) signs.push("gap");
  return signs;
}

/** Throws LEDGER_SUPERSEDED in a term that is over (the first lines of lib.lua). */
export function refuseOlder({ beat: { term: newest } }: State, term: number): void {
  if (term >= newest) return;
  throw new EgressError("LEDGER_SUPERSEDED", `term ${term} is over: the leader of term ${newest} has beaten`);
}
