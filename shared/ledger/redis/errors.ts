import { EgressError, type ErrorCode } from "../../errors.ts";

/** Redis begins an error reply with a word of its own (RESP: "the first upper-case word is the error prefix"). */
const byPrefix: Record<string, ErrorCode> = {
  READONLY: "LEDGER_READONLY",
  OOM: "LEDGER_FULL",
  MISCONF: "LEDGER_FULL",
  LOADING: "LEDGER_UNREACHABLE",
  MASTERDOWN: "LEDGER_UNREACHABLE",
  CLUSTERDOWN: "LEDGER_UNREACHABLE",
  NOAUTH: "LEDGER_DENIED",
  WRONGPASS: "LEDGER_DENIED",
  NOPERM: "LEDGER_DENIED",
};

/** Any failure of a ledger command as an EgressError; an error reply by its prefix, the rest means "not reached". */
export function toLedgerError(error: unknown, what: string): EgressError {
  if (error instanceof EgressError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === "ReplyError") {
    const prefix = /^-?([A-Z]+)/.exec(message)?.[1] ?? "";
    return new EgressError(byPrefix[prefix] ?? "LEDGER_REPLY", `${what}: Redis answered: ${message}`, { cause: error });
  }
  return new EgressError("LEDGER_UNREACHABLE", `${what}: ${message}`, { cause: error });
}
