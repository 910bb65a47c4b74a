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
  SUPERSEDED: "LEDGER_SUPERSEDED", // our own, trust.lua
  VERSION: "LEDGER_VERSION", // likewise
  SECRET: "LEASE_SECRET_WRONG", // likewise
};

/** Redis 7.0 has no word of its own for a right that is missing inside a script (later ones say NOPERM). */
const deniedInScript = /^ERR The user executing the script can't /;

/** Any failure of a ledger command as an EgressError; an error reply by its prefix, the rest means "not reached". */
export function toLedgerError(error: unknown, what: string): EgressError {
  if (error instanceof EgressError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === "ReplyError") {
    const prefix = /^-?([A-Z]+)/.exec(message)?.[1] ?? "";
    const code = deniedInScript.test(message) ? "LEDGER_DENIED" : (byPrefix[prefix] ?? "LEDGER_REPLY");
    return new EgressError(code, `${what}: Redis answered: ${message}`, { cause: error });
  }
  // ioredis speaks of its own retries here; what a person needs to hear is that nobody answers.
  const why = error instanceof Error && error.name === "MaxRetriesPerRequestError" ? "Redis does not answer" : message;
  return new EgressError("LEDGER_UNREACHABLE", `${what}: ${why}`, { cause: error });
}
