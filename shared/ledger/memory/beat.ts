import { EgressError } from "../../errors.ts";
import { beatGapMs, ledgerDoubtMs, type Beat, type DoubtSign, type Mirror } from "../beat.ts";
import { doubtMs, oldActorMs, workMs } from "../times.ts";
import { ledgerVersion } from "../version.ts";
import { emptyRecords, type State } from "./records.ts";
import { wakeWaiters } from "./state.ts";
import { wakeQueue } from "./turns.ts";

/** As beat.lua. */
export function beat(
  state: State,
  now: number,
  mirror: Mirror | null,
  term: number | null,
  restored: string | undefined,
): Beat {
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
    const { beat: before, history } = state;
    Object.assign(state, emptyRecords(), { history, epoch: String(epoch), beat: { ...before, sequence: 0 } });
    doubt.emptiedMs = now;
  }
  if (state.epoch === "") state.epoch = String(now);
  const wereRestored = isRestored(state);
  state.beat = {
    ...doubt,
    restored: restored === state.epoch ? restored : state.beat.restored,
    version: ledgerVersion,
    sequence: state.beat.sequence + 1,
    atMs: now,
    server: state.server,
    term: term ?? state.beat.term,
  };
  if (!wereRestored && isRestored(state)) for (const name of state.pools.keys()) wakeQueue(state, name);
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

/** Throws LEDGER_SUPERSEDED in a term that is over (the first lines of trust.lua). */
export function refuseOlder({ beat: { term: newest } }: State, term: number): void {
  if (term >= newest) return;
  throw new EgressError("LEDGER_SUPERSEDED", `term ${term} is over: the leader of term ${newest} has beaten`);
}

/** Throws LEDGER_VERSION when a newer program keeps this ledger (likewise). */
export function refuseNewer({ beat: { version } }: State): void {
  if (version <= ledgerVersion) return;
  throw new EgressError(
    "LEDGER_VERSION",
    `this ledger is of version ${version}, this program accepts versions up to ${ledgerVersion}`,
  );
}

/** Another process than the one that the last beat met may have lost something: nothing is granted before the next beat. */
export const isNoted = (state: State): boolean => state.beat.server === state.server;

/** From when on nothing can come true any more that an actor of the old epoch has asked of the cloud; 0 when that is long ago. */
export function workFromMs({ beat: { emptiedMs } }: State, now: number): number {
  const at = emptiedMs + workMs + doubtMs;
  return at > now ? at : 0;
}

/** As is_restored of trust.lua. */
export const isRestored = ({ beat: { emptiedMs, restored }, epoch }: State): boolean =>
  emptiedMs === 0 || restored === epoch;

/** As may_detach of trust.lua. */
export function mayDetach(state: State, now: number, pool: string): boolean {
  const { pools, inventories } = state;
  const { atMs, doubtSinceMs, doubtUntilMs } = state.beat;
  if (!isRestored(state)) return false;
  if (now - atMs > beatGapMs || now < doubtUntilMs) return false;
  return !pools.has(pool) || (inventories.get(pool) ?? 0) >= doubtSinceMs;
}

/** An emptied ledger grants from what was read then or later (as in acquire.lua); 0 for a ledger that never was emptied. */
export function trustedFromMs({ beat: { emptiedMs } }: State, running: boolean): number {
  if (emptiedMs === 0) return 0;
  return emptiedMs + (running ? 0 : oldActorMs);
}
