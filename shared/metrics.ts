import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of the contract (prefix `static_egress_`), in a registry of their own. Durations are in seconds. */
export type Metrics = ReturnType<typeof createMetrics>;

const secondsFast = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const secondsCloud = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];

/** Every metric object, typed by its labels, and the registry that prints them. `process`: Node's own metrics, too. */
export function createMetrics(options: { process?: boolean } = {}) {
  const registry = new Registry();
  if (options.process === true) collectDefaultMetrics({ register: registry });
  const name = (rest: string) => `static_egress_${rest}`;
  const gauge = <L extends string = never>(rest: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name: name(rest), help, labelNames, registers: [registry] });
  const counter = <L extends string = never>(rest: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name: name(rest), help, labelNames, registers: [registry] });
  const histogram = <L extends string = never>(rest: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram<L>({ name: name(rest), help, labelNames, buckets, registers: [registry] });

  return {
    registry,
    leases: gauge("leases", "Leases that are held or draining", "pool", "node"),
    addresses: gauge("addresses", "Addresses of the pool by state: free, used, taken, out", "pool", "state"),
    podsWaiting: gauge("pods_waiting", "Pods that wait for an address", "pool"),
    oldestWaitSeconds: gauge("oldest_wait_seconds", "How long the pod has waited that waits longest", "pool"),
    podsUnavailable: counter("pods_unavailable_total", "Pods without a confirmed address, by why", "pool", "why"),
    nodesRefused: gauge("nodes_refused", "Nodes that could not be given an address, by code", "code"),
    podsNotInjected: gauge("pods_not_injected", "Pods that ask for an address and were never injected"),
    attachSeconds: histogram("attach_duration_seconds", "Attaching an address", secondsCloud, "cloud", "outcome"),
    releaseSeconds: histogram("release_duration_seconds", "Detaching an address", secondsCloud, "cloud", "outcome"),
    cloudCalls: counter("cloud_calls_total", "Calls to the cloud by its own code; ok", "cloud", "action", "code"),
    cloudWaitSeconds: counter("cloud_wait_seconds_total", "Cloud work put off: paced, throttled", "cloud", "why"),
    addressDowntimeSeconds: histogram(
      "address_downtime_seconds",
      "A node without any public address around an attach or detach",
      secondsCloud,
      "cloud",
      "action",
    ),
    nodesWithoutAddress: gauge("nodes_without_address", "Nodes that an attach or detach left without any", "cloud"),
    admissionRequests: counter("admission_requests_total", "Reviews: inject, skip, deny, invalid, fault", "outcome"),
    admissionSeconds: histogram("admission_duration_seconds", "Deciding one review", secondsFast, "outcome"),
    apiRefused: counter("api_refused_total", "Requests to the lease API that were refused, by code", "code"),
    controllerLeading: gauge("controller_leading", "1 while this replica is the active controller"),
    controllerSweeps: counter("controller_sweeps_total", "Looks at what is due, by code; ok", "code"),
    sweepSeconds: histogram("controller_sweep_duration_seconds", "One look at what is due", secondsFast),
    inventoryReads: counter("inventory_reads_total", "Reads of a pool's addresses from the cloud", "pool", "code"),
    repairs: counter("repairs_total", "What an inventory put right: adopted, attached again", "kind"),
    leasesEnded: counter("leases_ended_total", "Leases ended on evidence, not by their sidecar", "why"),
    renewalsLate: counter("renewals_late_total", "Leases expired while their pod runs on", "pool", "node"),
    ledgerErrors: counter("ledger_errors_total", "Lost connections to the ledger, and looks at it that failed", "code"),
    ledgerDoubts: counter("ledger_doubts_total", "Signs that the ledger has lost something", "sign"),
    ledgerDoubtful: gauge("ledger_doubtful", "1 while the ledger is in doubt and nothing is detached"),
    leasesRestored: counter("leases_restored_total", "Leases of running pods that a lost ledger lacked", "pool"),
    poolsInvalid: gauge("pools_invalid", "1 while the pools file is wrong and the last good one is in force"),
    certificateExpiry: gauge("certificate_expiry_timestamp_seconds", "When the serving certificate ends"),
  };
}
