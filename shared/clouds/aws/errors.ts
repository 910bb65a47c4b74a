import { EgressError, type ErrorCode } from "../../errors.ts";

const throttled = new Set([
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "EC2ThrottledException",
  "RequestThrottled",
  "SlowDown",
]);

/** EC2's error codes that mean one thing wherever they come from. Source: the EC2 API's error code reference. */
const codes: Record<string, ErrorCode> = {
  UnauthorizedOperation: "CLOUD_DENIED",
  AccessDenied: "CLOUD_DENIED",
  AccessDeniedException: "CLOUD_DENIED",
  OperationNotPermitted: "CLOUD_DENIED",
  CredentialsProviderError: "CLOUD_CREDENTIALS",
  AuthFailure: "CLOUD_CREDENTIALS",
  Blocked: "CLOUD_CREDENTIALS",
  ExpiredToken: "CLOUD_CREDENTIALS",
  ExpiredTokenException: "CLOUD_CREDENTIALS",
  InvalidClientTokenId: "CLOUD_CREDENTIALS",
  InvalidIdentityToken: "CLOUD_CREDENTIALS",
  MissingAuthenticationToken: "CLOUD_CREDENTIALS",
  OptInRequired: "CLOUD_CREDENTIALS",
  RequestExpired: "CLOUD_CREDENTIALS",
  SignatureDoesNotMatch: "CLOUD_CREDENTIALS",
  UnrecognizedClientException: "CLOUD_CREDENTIALS",
  "Resource.AlreadyAssociated": "ADDRESS_TAKEN",
  "InvalidAllocationID.NotFound": "ADDRESS_MISSING",
  "InvalidAddress.NotFound": "ADDRESS_MISSING",
  "InvalidInstanceID.NotFound": "NODE_UNKNOWN",
  "InvalidInstanceID.Malformed": "NODE_UNKNOWN",
  "InvalidNetworkInterfaceID.NotFound": "NODE_UNKNOWN",
  IncorrectInstanceState: "NODE_NOT_RUNNING",
  "Gateway.NotAttached": "NODE_PRIVATE",
};

interface SdkError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** The cloud's own code (`RequestLimitExceeded`, or the network's `ECONNRESET`), for metrics. */
export function cloudCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.name === "Error" ? ((error as SdkError).code ?? "Error") : error.name;
}

/** Whether EC2 itself refused this one request (or it was never sent): then it changed nothing. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Somebody else, or an earlier try of our own, was faster: what is true now has to be read.
  if (error.name === "InvalidAssociationID.NotFound") return false;
  const status = statusOf(error);
  if (status === undefined) return codes[error.name] === "CLOUD_CREDENTIALS";
  return status < 500 || throttled.has(error.name);
}

/** Says in our own terms why a call failed; `action` is the IAM action that was tried. */
export function awsError(error: unknown, action: string, subject: string): EgressError {
  if (error instanceof EgressError) return error;
  const name = cloudCode(error);
  const text = error instanceof Error ? error.message : String(error);
  return new EgressError(codeFor(error, name), `ec2:${action} on ${subject} failed: ${name}: ${text}`, {
    cause: error,
  });
}

function codeFor(error: unknown, name: string): ErrorCode {
  if (throttled.has(name)) return "CLOUD_THROTTLED";
  const known = codes[name];
  if (known !== undefined) return known;
  const status = error instanceof Error ? statusOf(error) : undefined;
  if (status === 429) return "CLOUD_THROTTLED";
  return status === undefined || status >= 500 ? "CLOUD_UNAVAILABLE" : "CLOUD_REJECTED";
}

function statusOf(error: Error): number | undefined {
  const { $metadata, $response } = error as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}
