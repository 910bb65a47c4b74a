import type { Pool } from "../../shared/pools/schema.ts";
import type { AdmissionSettings, SidecarSettings } from "../../webhook/admission/settings.ts";

/** What a webhook with every setting left alone would inject; a test holds it to the webhook's own defaults. */
export const usualSidecar: SidecarSettings = {
  installation: "default",
  image: "static-egress-sidecar",
  pullPolicy: "IfNotPresent",
  requests: { cpu: "10m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "128Mi" },
  leaseSeconds: 60,
  leasesFrom: {
    mode: "brokered",
    url: "https://static-egress-webhook.static-egress.svc",
    ca: "(the webhook's own CA)",
  },
  placementRequired: true,
};

export interface SettingsOptions {
  readonly pools: readonly Pool[];
  readonly mode: "brokered" | "direct";
  readonly image?: string;
}

export function settingsWith({ pools, mode, image }: SettingsOptions): AdmissionSettings {
  const sidecar: SidecarSettings = {
    ...usualSidecar,
    ...(image !== undefined && { image }),
    ...(mode === "direct" && { leasesFrom: { mode, secret: "static-egress-direct" } }),
  };
  return { pools: new Map(pools.map((pool) => [pool.name, pool])), sidecar };
}
