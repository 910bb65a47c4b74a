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
    addresses: gauge(
      "addresses",
      "Addresses of a pool: free, used, taken (attached to something that is not ours), out (left the pool, still in use)",
      "pool",
      "state",
    ),
    attachments: gauge(
      "attachments",
      "Addresses of a pool that are on a node, or on their way: attaching, attached, draining, lingering",
      "pool",
      "state",
    ),
    poolExhausted: gauge("pool_exhausted", "1 while no address of the pool is free and pods wait", "pool"),
    podsWaiting: gauge("pods_waiting", "Pods that wait for an address", "pool"),
    oldestWaitSeconds: gauge("oldest_wait_seconds", "How long the pod has waited that waits longest", "pool"),
    podsUnavailable: counter(
      "pods_unavailable_total",
      "Pods without a confirmed address: proceeding (their app was started without it), unverified (verify has not seen it)",
      "pool",
      "why",
    ),
    nodesRefused: gauge(
      "nodes_refused",
      "Nodes on which the last attach was given up, by code; NODE_FOREIGN_ADDRESS: a static address of no pool is there",
      "code",
    ),
    podsNotInjected: gauge(
      "pods_not_injected",
      "Pods that carry the annotation and have no sidecar: they leave from any address",
    ),
    attachSeconds: histogram(
      "attach_duration_seconds",
      "Attaching an address; on GCP the node is cut off for part of it",
      secondsCloud,
      "cloud",
      "outcome",
    ),
    releaseSeconds: histogram("release_duration_seconds", "Detaching an address", secondsCloud, "cloud", "outcome"),
    cloudCalls: counter(
      "cloud_calls_total",
      "Calls to the cloud by the cloud's own code; ok",
      "cloud",
      "action",
      "code",
    ),
    cloudWaitSeconds: counter(
      "cloud_wait_seconds_total",
      "Seconds that cloud work was put off: paced (we hold back ourselves), throttled (the cloud asked for it)",
      "cloud",
      "why",
    ),
    addressDowntimeSeconds: histogram(
      "address_downtime_seconds",
      "A node without any public address around an attach or detach",
      secondsCloud,
      "cloud",
      "action",
    ),
    nodesWithoutAddress: gauge(
      "nodes_without_address",
      "Nodes that an attach or detach left without any public address",
      "cloud",
    ),
    admissionRequests: counter("admission_requests_total", "Reviews: inject, skip, deny, invalid, fault", "outcome"),
    admissionSeconds: histogram("admission_duration_seconds", "Deciding one review", secondsFast, "outcome"),
    apiRefused: counter("api_refused_total", "Requests to the lease API that were refused, by code", "code"),
    controllerLeading: gauge("controller_leading", "1 while this replica is the active controller"),
    controllerSweeps: counter("controller_sweeps_total", "Looks at what is due, by code; ok", "code"),
    sweepSeconds: histogram("controller_sweep_duration_seconds", "One look at what is due", secondsFast),
    inventoryReads: counter("inventory_reads_total", "Reads of a pool's addresses from the cloud", "pool", "code"),
    repairs: counter(
      "repairs_total",
      "What an inventory put right: adopted (the cloud had an attachment that the ledger lacked), attached again (it was taken off)",
      "kind",
    ),
    leasesEnded: counter(
      "leases_ended_total",
      "Leases ended on evidence and not by their sidecar: pod-gone, pod-replaced, pod-ended, node-gone, node-unreachable; of a node that is not Ready, by the cloud's word: machine-stopped, machine-gone",
      "why",
    ),
    renewalsLate: counter(
      "renewals_late_total",
      "Leases that expired while their pod runs on a Ready node; they are kept",
      "pool",
      "node",
    ),
    ledgerErrors: counter("ledger_errors_total", "Lost connections to the ledger, and looks at it that failed", "code"),
    ledgerDoubts: counter(
      "ledger_doubts_total",
      "Signs that the ledger has lost something: empty, other-epoch, other-server, older, gap",
      "sign",
    ),
    ledgerDoubtful: gauge("ledger_doubtful", "1 while the ledger is in doubt and nothing is detached"),
    leasesRestored: counter(
      "leases_restored_total",
      "Leases of running pods that a lost ledger lacked, put back",
      "pool",
    ),
    poolsInvalid: gauge("pools_invalid", "1 while pools.yaml is wrong and the last good one is in force"),
    certificateExpiry: gauge(
      "certificate_expiry_timestamp_seconds",
      "When the serving certificate ends (Unix time); a self-made one is renewed 10 days before",
    ),
  };
}
