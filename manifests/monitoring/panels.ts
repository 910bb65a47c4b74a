/** One panel of the dashboard: half a row of curves. `$namespace` and `$pool` are its variables. */
export interface Panel {
  readonly title: string;
  /** A unit of Grafana's. */
  readonly unit: "short" | "s" | "ops" | "dateTimeFromNow";
  /** PromQL, and the legend as a template of labels. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

/** A quantile of a histogram of ours, by one label. */
const quantile = (q: number, histogram: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${histogram}_bucket{namespace=~"$namespace"}[$__rate_interval])))`;
const rates = (counter: string, by: string): string =>
  `sum by (${by}) (rate(${counter}{namespace=~"$namespace"}[$__rate_interval]))`;
const ofPools = (gauge: string, by = "pool"): string =>
  `max by (${by}) (${gauge}{namespace=~"$namespace", pool=~"$pool"})`;
const ours = (gauge: string): string => `${gauge}{namespace=~"$namespace"}`;

export const rows: readonly { readonly row: string; readonly panels: readonly Panel[] }[] = [
  {
    row: "Pools",
    panels: [
      {
        title: "Addresses by state",
        unit: "short",
        queries: [[ofPools("static_egress_addresses", "pool, state"), "{{pool}} {{state}}"]],
      },
      {
        title: "Attachments by state",
        unit: "short",
        queries: [[ofPools("static_egress_attachments", "pool, state"), "{{pool}} {{state}}"]],
      },
      { title: "Pods that wait", unit: "short", queries: [[ofPools("static_egress_pods_waiting"), "{{pool}}"]] },
      { title: "Exhausted", unit: "short", queries: [[ofPools("static_egress_pool_exhausted"), "{{pool}}"]] },
      { title: "Longest wait", unit: "s", queries: [[ofPools("static_egress_oldest_wait_seconds"), "{{pool}}"]] },
      {
        title: "Leases",
        unit: "short",
        queries: [[`sum by (pool) (static_egress_leases{namespace=~"$namespace", pool=~"$pool"})`, "{{pool}}"]],
      },
      {
        title: "Pods without a confirmed address",
        unit: "ops",
        queries: [[rates("static_egress_pods_unavailable_total", "pool, why"), "{{pool}} {{why}}"]],
      },
      {
        title: "Annotated pods without a sidecar",
        unit: "short",
        queries: [[`max(${ours("static_egress_pods_not_injected")})`, "not injected"]],
      },
    ],
  },
  {
    row: "Cloud",
    panels: [
      {
        title: "Attach (median, p99)",
        unit: "s",
        queries: [
          [quantile(0.5, "static_egress_attach_duration_seconds", "cloud"), "{{cloud}} p50"],
          [quantile(0.99, "static_egress_attach_duration_seconds", "cloud"), "{{cloud}} p99"],
        ],
      },
      {
        title: "Detach (median, p99)",
        unit: "s",
        queries: [
          [quantile(0.5, "static_egress_release_duration_seconds", "cloud"), "{{cloud}} p50"],
          [quantile(0.99, "static_egress_release_duration_seconds", "cloud"), "{{cloud}} p99"],
        ],
      },
      {
        title: "Calls to the cloud by code",
        unit: "ops",
        queries: [[rates("static_egress_cloud_calls_total", "cloud, code"), "{{cloud}} {{code}}"]],
      },
      {
        title: "Work put off (seconds each second)",
        unit: "short",
        queries: [[rates("static_egress_cloud_wait_seconds_total", "cloud, why"), "{{cloud}} {{why}}"]],
      },
      {
        title: "Nodes without any public address: how long (p99), how many",
        unit: "s",
        queries: [
          [quantile(0.99, "static_egress_address_downtime_seconds", "cloud"), "{{cloud}} p99"],
          [`max by (cloud) (${ours("static_egress_nodes_without_address")})`, "{{cloud}} nodes now"],
        ],
      },
      {
        title: "Nodes refused",
        unit: "short",
        queries: [[`max by (code) (${ours("static_egress_nodes_refused")})`, "{{code}}"]],
      },
      {
        title: "Inventory: reads, repairs",
        unit: "ops",
        queries: [
          [rates("static_egress_inventory_reads_total", "code"), "read {{code}}"],
          [rates("static_egress_repairs_total", "kind"), "{{kind}}"],
        ],
      },
    ],
  },
  {
    row: "Controller and ledger",
    panels: [
      {
        title: "Active controllers",
        unit: "short",
        queries: [[`sum by (namespace) (${ours("static_egress_controller_leading")})`, "{{namespace}}"]],
      },
      {
        title: "Looks at what is due",
        unit: "ops",
        queries: [[rates("static_egress_controller_sweeps_total", "code"), "{{code}}"]],
      },
      {
        title: "One look (p99)",
        unit: "s",
        queries: [[quantile(0.99, "static_egress_controller_sweep_duration_seconds", "namespace"), "{{namespace}}"]],
      },
      {
        title: "Leases ended on evidence, renewed late, restored",
        unit: "ops",
        queries: [
          [rates("static_egress_leases_ended_total", "why"), "{{why}}"],
          [rates("static_egress_renewals_late_total", "pool"), "late, {{pool}}"],
          [rates("static_egress_leases_restored_total", "pool"), "restored, {{pool}}"],
        ],
      },
      {
        title: "Ledger: errors, doubts",
        unit: "ops",
        queries: [
          [rates("static_egress_ledger_errors_total", "code"), "{{code}}"],
          [rates("static_egress_ledger_doubts_total", "sign"), "{{sign}}"],
        ],
      },
      {
        title: "In doubt, pools invalid",
        unit: "short",
        queries: [
          [`max(${ours("static_egress_ledger_doubtful")})`, "ledger doubtful"],
          [`max(${ours("static_egress_pools_invalid")})`, "pools.yaml invalid"],
        ],
      },
    ],
  },
  {
    row: "Webhook",
    panels: [
      {
        title: "Reviews by outcome",
        unit: "ops",
        queries: [[rates("static_egress_admission_requests_total", "outcome"), "{{outcome}}"]],
      },
      {
        title: "Deciding one review (p99)",
        unit: "s",
        queries: [[quantile(0.99, "static_egress_admission_duration_seconds", "outcome"), "{{outcome}}"]],
      },
      {
        title: "Lease API: refused by code",
        unit: "ops",
        queries: [[rates("static_egress_api_refused_total", "code"), "{{code}}"]],
      },
      {
        title: "Certificate ends",
        unit: "dateTimeFromNow",
        queries: [[`min(${ours("static_egress_certificate_expiry_timestamp_seconds")}) * 1000`, "ends"]],
      },
    ],
  },
];
