import { EgressError, type ErrorCode } from "../../errors.ts";

/** What google-gax throws: `code` is a gRPC status, `httpStatusCode` what the service answered, if it did. */
interface GaxError extends Error {
  readonly code?: number;
  readonly httpStatusCode?: number;
  readonly reason?: string;
}

/** An operation that ended with an error: the service's own code and text. */
export class OperationFailed extends Error {
  readonly operationCode: string;

  constructor(operationCode: string, message: string) {
    super(message);
    this.name = "OperationFailed";
    this.operationCode = operationCode;
  }
}

const operationCodes: Record<string, ErrorCode> = {
  IP_IN_USE_BY_ANOTHER_RESOURCE: "ADDRESS_TAKEN",
  RESOURCE_IN_USE_BY_ANOTHER_RESOURCE: "ADDRESS_TAKEN",
  RATE_LIMIT_EXCEEDED: "CLOUD_THROTTLED",
  INTERNAL_ERROR: "CLOUD_UNAVAILABLE",
  SERVICE_UNAVAILABLE: "CLOUD_UNAVAILABLE",
  PERMISSIONS_ERROR: "CLOUD_DENIED",
};

/** The service's own code for metrics: `RATE_LIMIT_EXCEEDED`, an operation's code, `HTTP_404`, or `grpc_14` without an answer. */
export function cloudCode(error: unknown): string {
  if (error instanceof OperationFailed) return error.operationCode;
  if (!(error instanceof Error)) return "unknown";
  const { code, httpStatusCode, reason } = error as GaxError;
  if (reason !== undefined) return reason;
  if (httpStatusCode !== undefined) return `HTTP_${httpStatusCode}`;
  return code === undefined ? error.name : `grpc_${code}`;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && (error as GaxError).httpStatusCode === 404;
}

/** Whether the service itself refused the request: then it changed nothing. Being throttled is a refusal, too. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof OperationFailed) return false;
  const status = error instanceof Error ? (error as GaxError).httpStatusCode : undefined;
  return status === undefined ? codeFor(error) === "CLOUD_CREDENTIALS" : status < 500;
}

/** Says in our own terms why a call failed; `permission` is what the call needs. */
export function gcpError(error: unknown, permission: string, subject: string): EgressError {
  if (error instanceof EgressError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const what = `${permission} on ${subject} failed: ${cloudCode(error)}: ${text}`;
  return new EgressError(codeFor(error), what, { cause: error });
}

function codeFor(error: unknown): ErrorCode {
  if (error instanceof OperationFailed) return operationCodes[error.operationCode] ?? "CLOUD_REJECTED";
  const { code, httpStatusCode: status, reason } = error as GaxError;
  if (reason === "RATE_LIMIT_EXCEEDED" || status === 429) return "CLOUD_THROTTLED";
  if (status === 401) return "CLOUD_CREDENTIALS";
  if (status === 403) return "CLOUD_DENIED";
  if (status !== undefined) return status >= 500 ? "CLOUD_UNAVAILABLE" : "CLOUD_REJECTED";
  // Without an answer gax gives a gRPC status; without even that no request was made, for want of credentials.
  return code === undefined ? "CLOUD_CREDENTIALS" : "CLOUD_UNAVAILABLE";
}
