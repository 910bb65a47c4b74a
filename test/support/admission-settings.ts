import { readFileSync } from "node:fs";
import { parsePools } from "../../shared/pools/file.ts";
import type { AdmissionSettings, SidecarSettings } from "../../webhook/admission/settings.ts";

export const fixtures = new URL("../fixtures/admission/", import.meta.url);

/** An installation with every default. */
export const sidecarSettings: SidecarSettings = {
  installation: "default",
  image: "example.com/static-egress-sidecar:1",
  pullPolicy: "IfNotPresent",
  requests: { cpu: "10m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "128Mi" },
  leaseSeconds: 60,
  leasesFrom: { mode: "direct", secret: "static-egress-direct" },
  placementRequired: true,
};

/** The same, with the pools of the golden cases. */
export const admissionSettings: AdmissionSettings = {
  pools: new Map(parsePools(readFileSync(new URL("pools.yaml", fixtures), "utf8")).map((pool) => [pool.name, pool])),
  sidecar: sidecarSettings,
};
