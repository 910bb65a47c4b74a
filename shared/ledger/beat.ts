/**
 * What the last beat answered, kept outside the ledger (annotation `static-egress.io/ledger` on the leadership Lease): what a
 * ledger that has lost something is known by.
 */
export interface Mirror {
  /** When the ledger began, milliseconds in decimal. A ledger that was emptied begins a later one. */
  readonly epoch: string;
  /** Counts the epoch's beats. */
  readonly sequence: number;
}

/**
 * What speaks against a ledger. `empty`: no epoch although the mirror has one. `other-epoch`: another one than the mirror's.
 * `other-server`: another Redis process than the one that was noted (a restart, a failover). `older`: a sequence below the
 * mirror's (an old snapshot). `gap`: nobody has beaten for `beatGapMs`.
 */
export type DoubtSign = "empty" | "other-epoch" | "other-server" | "older" | "gap";

export interface Beat extends Mirror {
  /** Found by this very beat. Any but `gap` alone: the ledger was emptied and begins a new epoch; fill it. */
  readonly signs: readonly DoubtSign[];
  /** Until then no detach is due; 0 or past when there is no doubt. */
  readonly doubtUntilMs: number;
}

/** The active controller beats this often. */
export const beatEveryMs = 5_000;
/** Without a beat for this long nobody has looked after the ledger. */
export const beatGapMs = 30_000;
/** Two lives of a lease: by then every pod that lives has renewed its lease, or acquired it again. */
export const ledgerDoubtMs = 120_000;
