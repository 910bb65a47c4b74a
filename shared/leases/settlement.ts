import { EgressError, type ErrorCode } from "../errors.ts";
import type { Job, Settlement } from "../ledger/port.ts";
import { doubtMs } from "../ledger/times.ts";

/** Errors that stay until a person or the inventory changes something: an attach that meets one is given up. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ADDRESS_TAKEN",
  "ADDRESS_MISSING",
  "NODE_UNKNOWN",
  "NODE_OTHER_CLOUD",
  "NODE_OTHER_REGION",
  "NODE_PRIVATE",
  "NODE_FOREIGN_ADDRESS",
  "NODE_NOT_RUNNING",
  "CLOUD_DENIED",
  "CLOUD_CREDENTIALS",
  "CLOUD_REJECTED",
  "CLOUD_SELECT_INVALID",
]);
/** Before the next attempt; elsewhere a second, or 15 s where only a person can help. */
const pausesMs: Partial<Record<ErrorCode, number>> = { CLOUD_THROTTLED: 3_000, NODE_WITHOUT_ADDRESS: 4_000 };
const addressAtFault: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["ADDRESS_TAKEN", "ADDRESS_MISSING"]);

/**
 * What a failed job means for the attachment. An attach with a final error is given up; everything else, and every failed
 * detach, is tried again: an error while waiting on a cloud is unknown, and the next attempt reads the cloud first.
 * `random` in [0, 1) spreads the retries of many nodes.
 */
export function settlementOf(error: unknown, kind: Job["kind"], random: number): Settlement {
  const known = error instanceof EgressError ? error : undefined;
  const code = known?.code ?? "CLOUD_UNKNOWN";
  const message = error instanceof Error ? error.message : String(error);
  if (kind === "attach" && final.has(code)) {
    return { outcome: "failed", code, message, addressAtFault: addressAtFault.has(code) };
  }
  // GCE removes by a name: what an earlier detach asked may still come true, and would then hit what the next one gave back.
  const unsure = kind === "detach" && code === "CLOUD_UNKNOWN";
  const baseMs = unsure ? doubtMs : (pausesMs[code] ?? (final.has(code) ? 15_000 : 1_000));
  return { outcome: "retry", code, message, retryAfterMs: Math.round(baseMs * (1 + random)) };
}
