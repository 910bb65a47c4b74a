/** One alert: it fires when `expr` has held for `for`. Texts are Prometheus templates. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
  /** What follows from it, and what to do. */
  readonly description: string;
}

/** The clouds' own codes for "you may not"; a test holds them to our CLOUD_DENIED and CLOUD_CREDENTIALS. */
export const deniedCodes = {
  aws: ["UnauthorizedOperation", "AccessDenied", "AuthFailure", "ExpiredToken", "InvalidClientTokenId"],
  gcp: ["HTTP_401", "HTTP_403", "IAM_PERMISSION_DENIED", "PERMISSIONS_ERROR"],
};

/** A counter's series begins with its first event, at 1, which increase() does not see: new ones count as grown, too. */
const grown = (counter: string, window: string): string =>
  `increase(${counter}[${window}]) > 0 or (${counter} unless ${counter} offset ${window}) > 0`;

/**
 * What an operator is woken or told for. Grouped by `namespace`, the installation, which scrapes through components/monitor bring.
 * Gauges of pools come from one replica at a time, so `max` is that replica's word.
 */
export const alerts: readonly Alert[] = [
  {
    alert: "StaticEgressNoActiveController",
    expr: "sum by (namespace) (static_egress_controller_leading) == 0 or absent(static_egress_controller_leading)",
    for: "2m",
    severity: "critical",
    summary: "No replica is the active controller",
    description:
      "Running pods keep their addresses; none is attached or detached. See the replicas' logs, Redis, and their rights on Leases.",
  },
  {
    alert: "StaticEgressTwoActiveControllers",
    expr: "sum by (namespace) (static_egress_controller_leading) > 1",
    for: "2m",
    severity: "critical",
    summary: "{{ $value }} replicas say that they are the active controller",
    description:
      "The ledger takes orders from the newest alone. Restart the other; two installations in one namespace look alike.",
  },
  {
    alert: "StaticEgressPoolExhausted",
    expr:
      "max by (namespace, pool) (static_egress_pods_waiting) > 0 " +
      "and max by (namespace, pool) (static_egress_pool_exhausted) == 1",
    for: "2m",
    severity: "warning",
    summary: "Pool {{ $labels.pool }} has no free address, and {{ $value }} pods wait for one",
    description:
      "Reserve another address for the pool, or end pods that hold one: static-egress leases --pool {{ $labels.pool }}.",
  },
  {
    alert: "StaticEgressPodWaitsLong",
    expr: "max by (namespace, pool) (static_egress_oldest_wait_seconds) > 300",
    for: "1m",
    severity: "critical",
    summary: "A pod has waited {{ $value | humanizeDuration }} for an address of pool {{ $labels.pool }}",
    description:
      "Its Events say what it waits for: kubectl describe pod, or static-egress leases --pool {{ $labels.pool }}.",
  },
  {
    alert: "StaticEgressPodsNotInjected",
    expr: "max by (namespace) (static_egress_pods_not_injected) > 0",
    for: "5m",
    severity: "warning",
    summary: "{{ $value }} annotated pods run without the sidecar",
    description: "They leave from any address. Create them again while the webhook answers (Event EgressNotInjected).",
  },
  {
    alert: "StaticEgressNodeWithoutAddress",
    // A replica that leads no more keeps its last word.
    expr:
      "max by (namespace, cloud) " +
      "(static_egress_nodes_without_address and on (namespace, instance) static_egress_controller_leading == 1) > 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $value }} nodes on {{ $labels.cloud }} have no public address at all",
    description: "Their pods reach nothing outside. The cloud refuses to give one: its code is in the webhook's log.",
  },
  {
    alert: "StaticEgressCloudDenied",
    expr:
      "sum by (namespace, cloud, action) " +
      `(increase(static_egress_cloud_calls_total{code=~"${[...deniedCodes.aws, ...deniedCodes.gcp].join("|")}"}[15m])) > 0`,
    for: "5m",
    severity: "critical",
    summary: "{{ $labels.cloud }} denies {{ $labels.action }}",
    description:
      "Grant the action to the webhook's identity (manifests/overlays), or give it credentials that are in force.",
  },
  {
    alert: "StaticEgressCloudThrottled",
    expr: 'sum by (namespace, cloud) (rate(static_egress_cloud_wait_seconds_total{why="throttled"}[15m])) > 0.1',
    for: "15m",
    severity: "warning",
    summary: "{{ $labels.cloud }} throttles: {{ $value | humanize }} s of work are put off each second",
    description:
      "Attaching takes longer. Another program uses up the account's quota, or too many nodes change at once.",
  },
  {
    alert: "StaticEgressPoolNotRead",
    expr:
      'sum by (namespace, pool) (increase(static_egress_inventory_reads_total{code!="ok"}[15m])) > 0 ' +
      'unless sum by (namespace, pool) (increase(static_egress_inventory_reads_total{code="ok"}[15m])) > 0',
    for: "5m",
    severity: "warning",
    summary: "The addresses of pool {{ $labels.pool }} cannot be read from the cloud",
    description:
      "What was attached or reserved by others is not seen. Rights, or the pool's select: see the webhook's log.",
  },
  {
    alert: "StaticEgressLedgerErrors",
    expr: "sum by (namespace) (increase(static_egress_ledger_errors_total[5m])) > 0",
    for: "5m",
    severity: "critical",
    summary: "The ledger (Redis) fails",
    description:
      "Running pods keep their addresses, new ones wait. Check that Redis answers under REDIS_URL, its memory and its ACL.",
  },
  {
    alert: "StaticEgressLedgerDoubtful",
    expr: "max by (namespace) (static_egress_ledger_doubtful) > 0",
    for: "10m",
    severity: "warning",
    summary: "The ledger has been in doubt for ten minutes",
    description:
      "Nothing is detached. It ends two minutes after the last sign: Redis loses data again and again, or a pool is not read.",
  },
  {
    alert: "StaticEgressRenewalsLate",
    expr: `sum by (namespace, pool) (${grown("static_egress_renewals_late_total", "15m")}) > 0`,
    for: "0m",
    severity: "warning",
    summary: "Leases of pool {{ $labels.pool }} expire while their pods run",
    description:
      "They are kept. Their nodes do not reach the webhook (in direct mode Redis): NetworkPolicy, DNS, or an overloaded node.",
  },
  {
    alert: "StaticEgressLeaseApiRefuses",
    expr: 'sum by (namespace, code) (increase(static_egress_api_refused_total{code!="LEASE_SECRET_WRONG"}[15m])) > 10',
    for: "5m",
    severity: "warning",
    summary: "The lease API refuses requests: {{ $labels.code }}",
    description: "docs/errors.md has the code and what to do; the webhook's log says which pods.",
  },
  {
    alert: "StaticEgressAdmissionFaults",
    expr: 'sum by (namespace) (increase(static_egress_admission_requests_total{outcome="fault"}[10m])) > 0',
    for: "5m",
    severity: "critical",
    summary: "The webhook fails on reviews that it should decide",
    description: "Those pods are refused, and their owners try again. The webhook's log has the fault.",
  },
  {
    alert: "StaticEgressPoolsInvalid",
    expr: "max by (namespace) (static_egress_pools_invalid) > 0",
    for: "5m",
    severity: "warning",
    summary: "pools.yaml is wrong: the last good one is in force",
    description: "Correct what the log and /readyz list. A replica that starts anew has no last good one.",
  },
  {
    alert: "StaticEgressCertificateExpiring",
    expr: "min by (namespace) (static_egress_certificate_expiry_timestamp_seconds > 0) - time() < 3 * 86400",
    for: "15m",
    severity: "critical",
    summary: "The webhook's certificate ends in {{ $value | humanizeDuration }}",
    description:
      "Then annotated pods are refused. Rights on the Secret static-egress-ca, or whoever renews your certificate files.",
  },
];
