import { EgressError, errorCatalogue, type ErrorCode } from "../shared/errors.ts";

export interface ErrorReply {
  readonly status: number;
  readonly body: { readonly code: ErrorCode; readonly message: string; readonly fix: string };
}

/**
 * What an error is over HTTP. Bad input is a 4xx. A fault of ours is a 5xx without its details: the API server's
 * failurePolicy decides then, and `allowed: false` would refuse the pod in any case.
 */
export function errorReply(error: unknown): ErrorReply {
  if (error instanceof EgressError && error.code === "REVIEW_INVALID") {
    return { status: 400, body: { code: error.code, message: error.message, fix: error.fix } };
  }
  const status = statusOf(error);
  if (status >= 400 && status < 500) return reply(status, "REVIEW_INVALID", messageOf(error));
  return reply(500, "INTERNAL", "static-egress failed on this request");
}

export function unknownRoute(method: string, path: string): ErrorReply {
  return reply(404, "ROUTE_UNKNOWN", `there is no ${method} ${path.slice(0, 100)}`);
}

function reply(status: number, code: ErrorCode, message: string): ErrorReply {
  return { status, body: { code, message, fix: errorCatalogue[code] } };
}

/** fastify and its JSON parser put the status on their errors. */
function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : 500;
}

function messageOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "FST_ERR_CTP_INVALID_JSON_BODY")
    return "The body is not JSON, is cut short, or has a key such as __proto__";
  return error instanceof Error ? error.message : String(error);
}
