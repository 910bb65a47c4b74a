import { allows } from "../../shared/pools/allow.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import { serviceAccountOf, type Access } from "./access.ts";
import { annotations, containerName, injectedVersion, poolLabel, volumeNames } from "./names.ts";
import { nearest } from "./nearest.ts";
import type { Ownership } from "./ownership.ts";
import type { Pod } from "./pod.ts";
import { quote, quoted, type Reason, type ReasonKey } from "./reasons.ts";
import type { AdmissionSettings } from "./settings.ts";

interface Facts {
  readonly pod: Pod;
  readonly namespace: string;
  readonly owner: Ownership;
  readonly poolName: string;
  readonly settings: AdmissionSettings;
  readonly access: Access;
}

/** Everything that speaks against a pod that asks for a pool: all of it, so that it is corrected in one go. */
export function objections(facts: Facts): Reason[] {
  const pool = facts.settings.pools.get(facts.poolName);
  return [
    ...(pool === undefined
      ? [poolUnknown(facts)]
      : [...notAllowed(pool, facts), ...notAuthorized(pool, facts), ...selectorConflicts(pool, facts)]),
    ...windows(facts.pod),
    ...wrongValues(facts.pod),
    ...conflicts(facts),
  ];
}

function poolUnknown({ poolName, settings }: Facts): Reason {
  const known = [...settings.pools.keys()];
  if (poolName === "") {
    return reason("poolEmpty", `${quoted(annotations.pool, "")} names no pool; accepted: ${listed(known)}`);
  }
  const meant = nearest(poolName, known);
  const hint = meant === undefined ? "" : `; did you mean ${quote(meant)}?`;
  return reason(
    "poolUnknown",
    `${quoted(annotations.pool, poolName)} names a pool that does not exist; accepted: ${listed(known)}${hint}`,
  );
}

function notAllowed(pool: Pool, { pod, namespace }: Facts): Reason[] {
  const account = serviceAccountOf(pod, namespace);
  if (allows(pool, account)) return [];
  const { namespaces = [], serviceAccounts = [] } = pool.allow ?? {};
  return [
    reason(
      "poolNotAllowed",
      `${quoted(annotations.pool, pool.name)} is not allowed for the service account ${quote(account)}; accepted: ` +
        `namespaces ${listed(namespaces)}, service accounts ${listed(serviceAccounts)}; ask whoever keeps pools.yaml`,
    ),
  ];
}

function notAuthorized(pool: Pool, { pod, namespace, access }: Facts): Reason[] {
  if (pool.authorize !== "rbac" || access === "granted") return [];
  const asked = quoted(annotations.pool, pool.name);
  const who = `the service account ${quote(serviceAccountOf(pod, namespace))}`;
  if (access === "refused") {
    const right = `the verb use on egresspools.static-egress.io ${quote(pool.name)}`;
    return [
      reason("poolNotAuthorized", `${asked} needs a right that ${who} does not have; accepted: a role with ${right}`),
    ];
  }
  const sentence = `${asked} needs a right of ${who} that could not be checked: the API server did not answer; try again`;
  return [reason("poolAccessUnchecked", sentence)];
}

function selectorConflicts(pool: Pool, { pod }: Facts): Reason[] {
  const has = pod.spec.nodeSelector ?? {};
  return Object.entries(pool.nodes?.nodeSelector ?? {})
    .filter(([key, value]) => Object.hasOwn(has, key) && has[key] !== value)
    .map(([key, value]) =>
      reason(
        "nodeSelectorConflict",
        `nodeSelector ${quoted(key, has[key] ?? "")} keeps the pod off the nodes of pool ${quote(pool.name)}; ` +
          `accepted: ${quoted(key, value)}, or no such entry`,
      ),
    );
}

function windows({ spec }: Pod): Reason[] {
  const os = spec.os?.name === "windows" ? "spec.os.name: windows" : undefined;
  const selected =
    spec.nodeSelector?.["kubernetes.io/os"] === "windows" ? "nodeSelector kubernetes.io/os: windows" : undefined;
  const process =
    spec.securityContext?.windowsOptions?.hostProcess === true ? "windowsOptions.hostProcess: true" : undefined;
  const seen = os ?? selected ?? process;
  if (seen === undefined) return [];
  return [
    reason(
      "windows",
      `the pod runs on Windows (${seen}); accepted: Linux pods; take the annotation ${annotations.pool} away`,
    ),
  ];
}

const accepted: readonly { name: string; key: ReasonKey; values: readonly string[] }[] = [
  { name: annotations.inject, key: "injectInvalid", values: ["true", "false"] },
  { name: annotations.onUnavailable, key: "onUnavailableInvalid", values: ["wait", "proceed"] },
  { name: annotations.placement, key: "placementInvalid", values: ["pack", "spread", "none"] },
];

function wrongValues({ metadata }: Pod): Reason[] {
  return accepted.flatMap(({ name, key, values }) => {
    const seen = metadata.annotations?.[name];
    if (seen === undefined || values.includes(seen)) return [];
    return [reason(key, `${quoted(name, seen)} is not understood; accepted: ${listed(values)}`)];
  });
}

function conflicts({ pod, owner, poolName }: Facts): Reason[] {
  const found: Reason[] = [];
  const label = pod.metadata.labels?.[poolLabel];
  if (label !== undefined && label !== poolName) {
    found.push(
      reason(
        "labelConflict",
        `label ${quoted(poolLabel, label)} contradicts annotation ${quoted(annotations.pool, poolName)}; ` +
          "take the label away, it is set for you",
      ),
    );
  }
  const version = pod.metadata.annotations?.[annotations.injected];
  if (owner === "none" && version !== undefined && version !== injectedVersion) {
    found.push(
      reason(
        "injectedVersionConflict",
        `${quoted(annotations.injected, version)} but the pod has no container ${containerName}; ` +
          "take the annotation away, it is set for you",
      ),
    );
  }
  if (owner === "foreign") {
    found.push(
      reason(
        "containerNotOurs",
        `the pod has a container ${quote(containerName)} that static-egress did not inject; rename it: the name is taken`,
      ),
    );
  }
  if (owner !== "ours") {
    const ours: readonly string[] = Object.values(volumeNames);
    for (const { name } of pod.spec.volumes ?? []) {
      if (!ours.includes(name)) continue;
      found.push(
        reason("volumeNotOurs", `the pod has a volume ${quote(name)} of its own; rename it: the name is taken`),
      );
    }
  }
  return found;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map(quote).join(", ");
}

function reason(key: ReasonKey, sentence: string): Reason {
  return { key, sentence };
}
