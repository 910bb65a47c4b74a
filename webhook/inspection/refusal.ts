import { codeOf, errorCatalogue, EgressError, type ErrorCode } from "../../shared/errors.ts";
import type { ErrorReply } from "../error-reply.ts";

const statuses: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  INSPECTION_ANONYMOUS: 401,
  INSPECTION_REFUSED: 403,
  POD_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  RATE_LIMITED: 429,
  ACCESS_UNCHECKED: 503,
};

/** What an error is over HTTP: of the ledger 503, with its words, as it is people of the installation who look. */
export function refusalOf(error: unknown): ErrorReply {
  const code = codeOf(error);
  const status = code?.startsWith("LEDGER_") === true ? 503 : code && statuses[code];
  if (error instanceof EgressError && status !== undefined)
    return { status, body: { code: error.code, message: error.message, fix: error.fix } };
  const message = "static-egress failed on this request";
  return { status: 500, body: { code: "INTERNAL", message, fix: errorCatalogue.INTERNAL } };
}
