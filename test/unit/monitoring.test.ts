import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { alerts, deniedCodes } from "../../manifests/monitoring/alerts.ts";
import { monitoringFiles } from "../../manifests/monitoring/files.ts";
import { rows } from "../../manifests/monitoring/panels.ts";
import { awsError } from "../../shared/clouds/aws/errors.ts";
import { gcpError } from "../../shared/clouds/gcp/errors.ts";
import { createMetrics } from "../../shared/metrics.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Each name under which Prometheus has a series of ours, with its labels. */
function series(): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const metric of createMetrics().registry.getMetricsAsArray()) {
    const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] };
    if (metric.constructor.name !== "Histogram") found.set(name, labelNames);
    else for (const end of ["bucket", "sum", "count"]) found.set(`${name}_${end}`, [...labelNames, "le"]);
  }
  return found;
}
/** What a scrape adds: docs/metrics.md. */
const scraped = ["namespace", "instance"];

/** What an expression says that no metric has. */
function unknownIn(expr: string): string[] {
  const known = series();
  const used = [...expr.matchAll(/(static_egress_\w+)(?:\{([^}]*)\})?/g)];
  const names = used.map(([, name = ""]) => name);
  const labelsOf = (name: string) => [...(known.get(name) ?? []), ...scraped];
  const selected = used.flatMap(([, name = "", braces = ""]) =>
    [...braces.matchAll(/(\w+)\s*[=!]/g)].flatMap(([, label = ""]) =>
      labelsOf(name).includes(label) ? [] : [`${name}{${label}}`],
    ),
  );
  const grouped = [...expr.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(/,\s*/),
  );
  const all = new Set(names.flatMap(labelsOf));
  return [...names.filter((name) => !known.has(name)), ...selected, ...grouped.filter((label) => !all.has(label))];
}

const queries = rows.flatMap(({ panels }) =>
  panels.flatMap(({ title, queries: list }) => list.map(([expr]) => [title, expr] as const)),
);

describe("unknownIn", () => {
  it.each([
    ["static_egress_leasez", ["static_egress_leasez"]],
    ['static_egress_leases{pol="p"}', ["static_egress_leases{pol}"]],
    ["max by (pol) (static_egress_leases)", ["pol"]],
    ["static_egress_attach_duration_seconds", ["static_egress_attach_duration_seconds"]],
    ['sum by (le, cloud) (rate(static_egress_attach_duration_seconds_bucket{namespace=~"$namespace"}[5m]))', []],
  ])("of %s is %j", (expr, unknown) => {
    expect(unknownIn(expr)).toEqual(unknown);
  });
});

describe("alert rules", () => {
  it.each(alerts.map(({ alert, expr }) => [alert, expr]))(
    "%s asks for metrics and labels that there are",
    (_, expr) => {
      expect(unknownIn(expr)).toEqual([]);
    },
  );

  it("name labels in their texts that they group by", () => {
    for (const { alert, expr, summary, description } of alerts)
      for (const [, label] of `${summary} ${description}`.matchAll(/\$labels\.(\w+)/g))
        expect(/^\w+ by \(([^)]*)\)/.exec(expr)?.[1]?.split(", "), alert).toContain(label);
  });

  it("take for denied what the clouds' adapters take for it", () => {
    const denied = ["CLOUD_DENIED", "CLOUD_CREDENTIALS"];
    for (const name of deniedCodes.aws)
      expect(denied, name).toContain(awsError(Object.assign(new Error(), { name }), "x", "y").code);
    for (const code of deniedCodes.gcp) {
      const [, status] = /^HTTP_(\d+)$/.exec(code) ?? [];
      const answer = status === undefined ? { httpStatusCode: 403, reason: code } : { httpStatusCode: Number(status) };
      expect(denied, code).toContain(gcpError(Object.assign(new Error(), answer), "x", "y").code);
    }
  });

  it("are each seen to fire by promtool's tests", () => {
    const fired = [...read("test/alerts/alerts.test.yaml").matchAll(/ALERTS\{alertname="(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(new Set(fired)).toEqual(new Set(alerts.map(({ alert }) => alert)));
  });
});

describe("the dashboard", () => {
  it.each(queries)("%s asks for metrics and labels that there are: %s", (_, expr) => {
    expect(unknownIn(expr)).toEqual([]);
  });

  it("draws every metric", () => {
    const text = queries.map(([, expr]) => expr).join("\n");
    for (const { name } of createMetrics().registry.getMetricsAsArray())
      expect(text).toMatch(new RegExp(`${name}(_bucket)?\\b`));
  });
});

describe("files from `npm run monitoring`", () => {
  it.each([...monitoringFiles()])("%s is what it writes now", (path, content) => {
    expect(read(path)).toBe(content);
  });

  it("the PodMonitor reads the port that the pods have", () => {
    const { spec } = parse(read("manifests/components/monitor/pod-monitor.yaml"));
    const pod = parse(read("manifests/base/deployment.yaml")).spec.template;
    expect(pod.metadata.labels).toEqual(spec.selector.matchLabels);
    const [{ port }] = spec.podMetricsEndpoints;
    expect(pod.spec.containers[0].ports).toContainEqual({ name: port, containerPort: 9090 });
  });
});
