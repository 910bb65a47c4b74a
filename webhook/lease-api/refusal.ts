import { codeOf, errorCatalogue, EgressError, type ErrorCode } from "../../shared/errors.ts";

export interface Refusal {
  readonly status: number;
  readonly body: { readonly code: ErrorCode; readonly message: string; readonly fix: string };
}

const statuses: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  TOKEN_MISSING: 401,
  TOKEN_REFUSED: 401,
  TOKEN_OTHER_AUDIENCE: 403,
  IDENTITY_INCOMPLETE: 403,
  ACCESS_DENIED: 403,
  LEASE_SECRET_WRONG: 403,
  RATE_LIMITED: 429,
  IDENTITY_UNCHECKED: 503,
  ACCESS_UNCHECKED: 503,
};

/**
 * What an error is to a sidecar. It learns the code of what is wrong with its request, or with the ledger; what else the
 * ledger or a fault of ours has said is for the webhook's log.
 */
export function refusalOf(error: unknown): Refusal {
  const code = codeOf(error);
  if (code?.startsWith("LEDGER_") === true) return refusal(503, code, "the webhook could not use its ledger");
  const status = code === undefined ? undefined : statuses[code];
  if (error instanceof EgressError && status !== undefined)
    return refusal(status, error.code, error.message, error.fix);
  const own = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  if (typeof own === "number" && own >= 400 && own < 500)
    return refusal(own, "REQUEST_INVALID", "the body is no JSON, or too long");
  return refusal(500, "INTERNAL", "static-egress failed on this request");
}

function refusal(status: number, code: ErrorCode, message: string, fix: string = errorCatalogue[code]): Refusal {
  return { status, body: { code, message, fix } };
}
