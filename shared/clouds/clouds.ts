import type { Pool } from "../pools/schema.ts";
import type { MemoryCloudOptions } from "./memory/cloud.ts";
import type { Cloud, OnCloudCall } from "./port.ts";

/** What the programs' settings say of the clouds; everything is optional, the SDKs' own defaults count. */
export interface CloudSettings {
  readonly onCall?: OnCloudCall;
  /** Another service that speaks EC2's language. */
  readonly awsEndpoint?: string;
  /** `http://host:port` of another service that speaks GCE's language; no credentials are asked for then. */
  readonly gcpEndpoint?: string;
  readonly memory?: MemoryCloudOptions;
  /** Used for `cloud: memory` instead of one made here: for those who need a hand on its state. */
  readonly memoryCloud?: Cloud;
}

/** The clouds of this process: one client per cloud, region and project, made when it is first needed. */
export interface Clouds {
  forPool(pool: Pick<Pool, "cloud" | "region" | "project">): Promise<Cloud>;
}

/** Loads an adapter, and with it its SDK, only for a cloud that some pool is of. */
export function createClouds(settings: CloudSettings = {}): Clouds {
  const made = new Map<string, Promise<Cloud>>();
  return {
    forPool: (pool) => {
      const key = pool.cloud === "memory" ? "memory" : `${pool.cloud} ${pool.project ?? ""} ${pool.region}`;
      const known = made.get(key) ?? load(settings, pool);
      made.set(key, known);
      // What could not be loaded is tried again the next time; the caller has the error.
      known.catch(() => made.delete(key));
      return known;
    },
  };
}

async function load(settings: CloudSettings, pool: Pick<Pool, "cloud" | "region" | "project">): Promise<Cloud> {
  const { region, project = "" } = pool;
  const onCall = settings.onCall === undefined ? {} : { onCall: settings.onCall };
  switch (pool.cloud) {
    case "aws": {
      const { createAwsCloud } = await import("./aws/cloud.ts");
      const endpoint = settings.awsEndpoint === undefined ? {} : { endpoint: settings.awsEndpoint };
      return createAwsCloud({ region, ...endpoint, ...onCall });
    }
    case "gcp": {
      const { createGcpCloud } = await import("./gcp/cloud.ts");
      const endpoint = settings.gcpEndpoint === undefined ? {} : { endpoint: settings.gcpEndpoint };
      return createGcpCloud({ project, region, ...endpoint, ...onCall });
    }
    case "memory": {
      if (settings.memoryCloud !== undefined) return settings.memoryCloud;
      const { createMemoryCloud } = await import("./memory/cloud.ts");
      return createMemoryCloud({ ...settings.memory, ...onCall });
    }
  }
}
