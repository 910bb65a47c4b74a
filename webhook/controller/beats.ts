import type { Beat, DoubtSign, Mirror } from "../../shared/ledger/beat.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { ControllerMetrics } from "./metrics.ts";

interface BeatOptions {
  readonly ledger: Pick<Ledger, "beat">;
  /** What the last leader's last beat answered, as far as it was written. */
  readonly mirror: Mirror | null;
  /** Keeps what a beat answered outside of the ledger. */
  readonly noted: (mirror: Mirror) => void;
  readonly log: Logger;
  readonly metrics: Pick<ControllerMetrics, "ledgerDoubted">;
}

export interface Beats {
  /** `restored`: the epoch in which every running pod has its lease again. */
  beat(restored?: string): Promise<Beat>;
  /** The epoch of the last beat; undefined before the first. */
  epoch(): string | undefined;
  /** Why the ledger is in doubt at that time of its own clock; undefined when it is not, as far as we know. */
  doubt(nowMs: number): { readonly signs: readonly DoubtSign[]; readonly untilMs: number } | undefined;
}

/** The term's beats (design, section 5): each says how the last one was answered, so that a ledger that lost it is found. */
export function createBeats({ ledger, mirror, noted, log, metrics }: BeatOptions): Beats {
  let known = mirror;
  let last: Beat | undefined;
  let signs: readonly DoubtSign[] = [];

  return {
    async beat(restored) {
      const answer = await ledger.beat(known, restored);
      const { epoch, sequence, doubtUntilMs } = answer;
      if (answer.signs.length > 0) {
        ({ signs } = answer);
        log.warn({ signs, epoch, before: known, doubtUntilMs }, "the ledger is doubtful: nothing is detached");
        for (const sign of signs) metrics.ledgerDoubted(sign);
      }
      known = { epoch, sequence };
      last = answer;
      noted(known);
      return answer;
    },
    epoch: () => last?.epoch,
    doubt(nowMs) {
      if (last === undefined || last.doubtUntilMs <= nowMs) return undefined;
      return { signs, untilMs: last.doubtUntilMs };
    },
  };
}
