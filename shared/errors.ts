/**
 * The one catalogue of what can go wrong. `code` is stable (branch on it, search for it in docs/errors.md);
 * `fix` is the next step for the person who reads the message.
 */
export const errorCatalogue = {
  CONFIG_INVALID: "Correct the listed settings and start again.",
  POOLS_INVALID: "Correct the listed fields in pools.yaml; the last good file stays in force until then.",
  LEDGER_UNREACHABLE: "Check REDIS_URL and that Redis answers; nothing was changed.",
  LEDGER_DENIED: "Check the user and password in REDIS_URL and the ACL in docs/ledger.md.",
  LEDGER_READONLY: "Point REDIS_URL at the primary: this Redis is a read-only replica.",
  LEDGER_TOO_OLD: "Use Redis 7.0 or newer, or Valkey 7.2 or newer.",
  LEDGER_VERSION:
    "Start this program in the webhook's version, or newer (a pod that is replaced gets its sidecar); to go back: docs/operations.md, Upgrade.",
  LEDGER_FULL: "Give Redis more memory, or set maxmemory-policy noeviction and free some.",
  LEDGER_REPLY: "The ledger's keys and this program disagree: run one version of static-egress per installation.",
  LEDGER_SUPERSEDED: "Nothing to do: another replica leads now, and this one's term has ended.",
  LEDGER_ABSENT: "Check --redis and --installation; a ledger begins when the webhook's controller first runs.",
  CLOUD_DENIED:
    "Grant the named action to this identity (manifests/overlays/aws/iam-policy.json, manifests/overlays/gcp/role.yaml).",
  CLOUD_CREDENTIALS:
    "Give the process cloud credentials (IRSA, Pod Identity, Workload Identity, or keys in the Secret static-egress-direct).",
  CLOUD_THROTTLED: "Nothing to do: calls are paced and tried again.",
  CLOUD_UNAVAILABLE: "Nothing to do: the call is tried again.",
  CLOUD_UNKNOWN: "Nothing to do: the cloud is read again before anything else is done.",
  CLOUD_REJECTED: "Read the cloud's own message; the request will not be repeated as it is.",
  CLOUD_SELECT_INVALID: "Correct the pool's select: the cloud refused its filter.",
  ADDRESS_TAKEN: "Nothing to do: the next free address of the pool is tried.",
  ADDRESS_MISSING: "The address is no longer in the account: take it out of the pool or reserve it again.",
  NODE_UNKNOWN: "Check that the node has a spec.providerID and that its machine exists.",
  NODE_OTHER_CLOUD: "Use a pool of the node's own cloud, or keep the pod off this node (pool.nodes).",
  NODE_OTHER_REGION: "Use a pool of the node's own region, or keep the pod off this node (pool.nodes).",
  NODE_PRIVATE: "Use nodes in a public subnet: without a route to an internet gateway a public address has no effect.",
  NODE_FOREIGN_ADDRESS: "Take the foreign static address off the node, or keep the pod off this node (pool.nodes).",
  NODE_NOT_RUNNING: "Nothing to do: the machine has to run before it can carry an address.",
  NODE_WITHOUT_ADDRESS:
    "Grant the action that the message names, if it names one; giving the node a public address is tried until it works.",
  TOKEN_MISSING: "Send the pod's projected token (audience static-egress) as Authorization: Bearer.",
  TOKEN_REFUSED: "Nothing to do while the kubelet renews it; else read what the API server says of the token.",
  TOKEN_OTHER_AUDIENCE: "Send the token of the volume static-egress-token: its audience is static-egress.",
  IDENTITY_INCOMPLETE:
    "Use the projected token of a pod, on Kubernetes 1.30 or newer: older ones do not name the node.",
  IDENTITY_UNCHECKED:
    "Nothing to do: it is asked again. If it stays, let the webhook create tokenreviews (manifests/base/rbac.yaml).",
  RATE_LIMITED:
    "Nothing to do: it is asked again later. If it stays, see docs/metrics.md, static_egress_api_refused_total.",
  ACCESS_DENIED:
    "Bind a role with the verb use on egresspools.static-egress.io of that name to the pod's service account (docs/operations.md).",
  ACCESS_UNCHECKED:
    "Nothing to do: it is asked again. If it stays, let the webhook create subjectaccessreviews (manifests/base/rbac.yaml).",
  INSPECTION_ANONYMOUS:
    "Use kubectl port-forward and http://localhost, or send a Kubernetes token as Authorization: Bearer (docs/inspection.md).",
  INSPECTION_REFUSED: "Bind a role with the verb get on egresspools.static-egress.io to the token's owner.",
  POD_UNKNOWN: "Check namespace and name; a pod without the annotation static-egress/pool has no lease.",
  CLUSTER_UNREACHABLE:
    "Check KUBECONFIG (--kubeconfig, --context) and that the API server answers; nothing was changed.",
  CLUSTER_DENIED: "Use an identity that has the named right, or let it be granted (kubectl auth can-i).",
  REQUEST_INVALID: "Send what GET /v1/openapi.json describes.",
  BROKER_UNREACHABLE:
    "Check that the webhook's Service answers, and that its certificate is of the CA that was injected.",
  BROKER_REPLY: "Check that STATIC_EGRESS_BROKER_URL is the webhook's; a sidecar newer than the webhook is not served.",
  LEASE_SECRET_WRONG: "Nothing to do: the sidecar acquires its lease again with its token.",
  LEASE_LIVE: "Delete the pod, and its sidecar gives the lease back; --force ends one that is still renewed.",
  LOCK_LOST: "Nothing to do: the work was stopped and is tried again.",
  CERTIFICATE_INVALID: "Renew the certificate, or remove the files to let static-egress make its own.",
  ROUTE_UNKNOWN: "Call POST /mutate, GET /healthz, GET /readyz, or what GET /v1/openapi.json describes.",
  INTERNAL: "Report it, with the log record of that moment.",
  REVIEW_INVALID: "Send an admission.k8s.io/v1 AdmissionReview with a request and its uid.",
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * Says what failed and the value seen (`message`), a stable `code`, what to do next (`fix`) and the cause.
 * Expected outcomes are return values; this is for failed I/O and input that cannot be used.
 */
export class EgressError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fix?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "EgressError";
    this.code = code;
    this.fix = options.fix ?? errorCatalogue[code];
  }
}

/** The code of an EgressError, or undefined for anything else. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof EgressError ? error.code : undefined;
}
