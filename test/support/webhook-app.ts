import { readFileSync } from "node:fs";
import { pino } from "pino";
import { createMetrics } from "../../shared/metrics.ts";
import { parsePools } from "../../shared/pools/file.ts";
import type { AdmissionSettings } from "../../webhook/admission/settings.ts";
import type { AppOptions } from "../../webhook/app.ts";
import { issue, makeAuthority } from "../../webhook/certificates/authority.ts";
import { readinessOf } from "../../webhook/readiness.ts";

export const fixtures = new URL("../fixtures/admission/", import.meta.url);

export const admissionSettings: AdmissionSettings = {
  pools: new Map(parsePools(readFileSync(new URL("pools.yaml", fixtures), "utf8")).map((pool) => [pool.name, pool])),
  sidecar: {
    installation: "default",
    image: "example.com/static-egress-sidecar:1",
    pullPolicy: "IfNotPresent",
    requests: { cpu: "10m", memory: "64Mi" },
    limits: { cpu: "500m", memory: "128Mi" },
    leaseSeconds: 60,
    directSecret: "static-egress-direct",
    placementRequired: true,
  },
};

const names = [{ type: "dns", value: "localhost" }] as const;

/** A certificate for localhost, and the CA to trust it by. */
export async function testCertificate() {
  const authority = await makeAuthority(Date.now());
  return { ...(await issue(authority, names, Date.now())), ca: authority.cert };
}

/** What buildApp needs, with the golden cases' pools. */
export async function appOptions(more: Partial<AppOptions> = {}): Promise<AppOptions> {
  return {
    settings: () => admissionSettings,
    certificate: await testCertificate(),
    readiness: () =>
      readinessOf({
        nowMs: 0,
        certificateEndsMs: 1,
        pools: 3,
        poolsProblem: undefined,
        stopping: false,
        ledger: "reachable",
        controller: "leading",
      }),
    metrics: createMetrics(),
    log: pino({ level: "silent" }),
    ...more,
  };
}
