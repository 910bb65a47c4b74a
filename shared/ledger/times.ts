/** What one line lets through: pieces of work at once, and per second after that. */
export interface PaceLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** Who would have to wait longer for its turn does not queue: it comes back. */
export const longestPaceMs = 5_000;
/** Added to such a wait: those who went before may be slower to ask the cloud than whoever comes after them. */
export const paceLagMs = 1_000;
/** An actor's right to work, unless extended. */
export const workMs = 15_000;
/** A waiter that has not asked for this long is forgotten. */
export const waiterLifeMs = 45_000;
/**
 * What was asked of a cloud and not answered takes effect within this, or never. Before that nothing is undone, or it would
 * be found undone and come true afterwards.
 */
export const doubtMs = 10_000;
/** Added to a pod's grace period when it drains: SIGTERM comes up to 2 s after it, and clocks differ. */
export const drainMarginMs = 15_000;
/** An inventory row is ignored when its address changed later than this long before the read (clouds answer old state). */
export const inventorySettleMs = 10_000;
/**
 * After a ledger was emptied: for this long the cloud may still come to show what actors of the old epoch have asked of it (they
 * stop within workMs, it takes effect within doubtMs, a read shows it after inventorySettleMs). New pods get only what an
 * inventory of later than that knows.
 */
export const oldActorMs = workMs + doubtMs + inventorySettleMs;
