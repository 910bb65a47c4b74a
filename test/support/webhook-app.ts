import { pino } from "pino";
import { createMetrics } from "../../shared/metrics.ts";
import type { AppOptions } from "../../webhook/app.ts";
import { issue, makeAuthority } from "../../webhook/certificates/authority.ts";
import { readinessOf } from "../../webhook/readiness.ts";
import { admissionSettings } from "./admission-settings.ts";

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
