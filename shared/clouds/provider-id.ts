import { EgressError } from "../errors.ts";
import type { Pool } from "../pools/schema.ts";

/** What a node's `spec.providerID` says, per cloud. Source: the cloud providers' node controllers. */
export type ProviderId =
  | { readonly cloud: "aws"; readonly zone: string; readonly instance: string }
  | { readonly cloud: "gcp"; readonly project: string; readonly zone: string; readonly instance: string }
  | { readonly cloud: "memory"; readonly instance: string }
  | { readonly cloud: "other"; readonly scheme: string };

const accepted = {
  aws: "aws:///ZONE/i-…",
  gcp: "gce://PROJECT/ZONE/NAME",
  memory: "memory:///NAME",
} as const satisfies Record<Pool["cloud"], string>;

const schemes: Record<string, Pool["cloud"]> = { aws: "aws", gce: "gcp", memory: "memory" };

/** Throws NODE_UNKNOWN when it is missing or malformed; a cloud that is none of ours is an answer, `other`. */
export function parseProviderId(providerId: string): ProviderId {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.+)$/.exec(providerId) ?? [];
  if (scheme === "") throw malformed(providerId, Object.values(accepted).join(", "));
  const cloud = schemes[scheme];
  if (cloud === undefined) return { cloud: "other", scheme };
  const parsed = parseRest(cloud, rest);
  if (parsed === undefined) throw malformed(providerId, accepted[cloud]);
  return parsed;
}

/** As parseProviderId, for an adapter that serves one cloud: throws NODE_OTHER_CLOUD for all others. */
export function providerIdOf<C extends Pool["cloud"]>(cloud: C, providerId: string): Extract<ProviderId, { cloud: C }> {
  const parsed = parseProviderId(providerId);
  if (parsed.cloud !== cloud) {
    const seen = `the node's providerID is '${providerId}', which is not of cloud ${cloud}`;
    throw new EgressError("NODE_OTHER_CLOUD", `${seen}; accepted: ${accepted[cloud]}`);
  }
  return parsed as Extract<ProviderId, { cloud: C }>;
}

/** The region a zone lies in, for AWS (`eu-west-1a`, `us-west-2-lax-1a`) and GCP (`europe-west1-b`). */
export function zoneIsIn(zone: string, region: string): boolean {
  return zone.startsWith(region) && /^-?[a-z]/.test(zone.slice(region.length));
}

function parseRest(cloud: Pool["cloud"], rest: string): ProviderId | undefined {
  if (cloud === "aws") {
    const [, zone, instance] = /^\/([a-z0-9-]+)\/(i-[0-9a-f]+)$/.exec(rest) ?? [];
    return zone === undefined || instance === undefined ? undefined : { cloud, zone, instance };
  }
  if (cloud === "gcp") {
    const [, project, zone, instance] = /^([^/]+)\/([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(rest) ?? [];
    if (project === undefined || zone === undefined || instance === undefined) return undefined;
    return { cloud, project, zone, instance };
  }
  const [, instance] = /^\/([^/]+)$/.exec(rest) ?? [];
  return instance === undefined ? undefined : { cloud, instance };
}

function malformed(seen: string, expected: string): EgressError {
  const what = seen === "" ? "the node has no providerID" : `the node's providerID '${seen}' cannot be used`;
  return new EgressError("NODE_UNKNOWN", `${what}; accepted: ${expected}`);
}
