import { codeOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";

/** What fails and is tried again: told, but not each time. */
export interface Troubles {
  tell(fields: { readonly error: unknown } & Readonly<Record<string, unknown>>, message: string): void;
}

const firstPauseMs = 10_000;
const longestPauseMs = 600_000;

/**
 * One warning for a condition, at growing intervals while it lasts, with the number of those left out. A ledger that cannot
 * be reached is one condition, whoever meets it; anything else is one by its message and the error's code.
 */
export function createTroubles(
  log: Pick<Logger, "warn">,
  metrics: { readonly ledgerFailed: (code: string) => void },
): Troubles {
  const conditions = new Map<string, { toldAtMs: number; pauseMs: number; unsaid: number }>();

  return {
    tell(fields, message) {
      const code = codeOf(fields.error);
      const isLedger = code?.startsWith("LEDGER_") === true;
      if (isLedger) metrics.ledgerFailed(code);
      const key = isLedger ? code : `${message} ${code ?? ""}`;
      const nowMs = performance.now();
      const before = conditions.get(key);
      const sinceMs = before === undefined ? Infinity : nowMs - before.toldAtMs;
      if (before !== undefined && sinceMs < before.pauseMs) {
        before.unsaid += 1;
        return;
      }
      // Not heard of for long: it was over.
      const lasts = before !== undefined && sinceMs < 2 * before.pauseMs;
      const pauseMs = lasts ? Math.min(longestPauseMs, 2 * before.pauseMs) : firstPauseMs;
      conditions.set(key, { toldAtMs: nowMs, pauseMs, unsaid: 0 });
      log.warn({ ...fields, ...(lasts && { unsaid: before.unsaid }) }, message);
    },
  };
}
