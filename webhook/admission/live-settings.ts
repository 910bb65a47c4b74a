import type { Pool } from "../../shared/pools/schema.ts";
import type { AdmissionSettings, SidecarSettings } from "./settings.ts";

interface Pools {
  current(): readonly Pool[];
  subscribe(changed: () => void): () => void;
}

/** The settings of the moment, made anew only when the pools change, or `sidecar` answers others than the last time. */
export function liveSettings(pools: Pools, sidecar: () => SidecarSettings): () => AdmissionSettings {
  const make = (): AdmissionSettings => ({
    pools: new Map(pools.current().map((pool) => [pool.name, pool])),
    sidecar: sidecar(),
  });
  let settings = make();
  pools.subscribe(() => (settings = make()));
  return () => {
    if (settings.sidecar !== sidecar()) settings = make();
    return settings;
  };
}
