import type { Access } from "./access.ts";
import { annotations } from "./names.ts";
import { ownership } from "./ownership.ts";
import { isGuaranteed, readPod, type Pod } from "./pod.ts";
import { objections } from "./objections.ts";
import { quoted, type Reason } from "./reasons.ts";
import type { AdmissionRequest } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";
import type { Wish } from "./wish.ts";

/** What happens to one pod, with all the reasons. `warnings` are shown to whoever created it. */
export type Decision =
  | {
      readonly outcome: "inject";
      readonly pod: Pod;
      readonly wish: Wish;
      readonly reasons: readonly Reason[];
      readonly warnings: readonly string[];
    }
  | { readonly outcome: "skip"; readonly reasons: readonly Reason[] }
  | { readonly outcome: "deny"; readonly reasons: readonly Reason[] };

const defaultGraceSeconds = 30;
/** A year: what the sidecar accepts, and well within what the API server allows for a token's lifetime (2^32 s). */
const maxGraceSeconds = 31_536_000;

/**
 * Decides what is done with the pod of an admission request. Pure; never throws, whatever the object is. Refusals win over
 * "already injected", so that nobody brings an injected-looking pod of a pool he may not use.
 */
export function decide(request: AdmissionRequest, settings: AdmissionSettings, access: Access): Decision {
  if (!isPodCreation(request)) {
    const what = `${request.operation} of ${request.kind.group}/${request.kind.version} ${request.kind.kind}`;
    return skip({ key: "notAPodCreation", sentence: `only the creation of pods is looked at, this is ${what}` });
  }
  const reading = readPod(request.object);
  if (!reading.ok) {
    return deny([{ key: "podUnreadable", sentence: `the object cannot be read as a Pod: ${reading.problem}` }]);
  }
  const { pod } = reading;
  const annotated = pod.metadata.annotations ?? {};
  const poolName = annotated[annotations.pool];
  if (poolName === undefined) {
    return skip({ key: "notAnnotated", sentence: `the pod has no annotation ${annotations.pool}` });
  }
  if (annotated[annotations.inject] === "false") {
    return skip({ key: "injectionTurnedOff", sentence: `the pod has ${quoted(annotations.inject, "false")}` });
  }
  if (annotated["kubernetes.io/config.mirror"] !== undefined) {
    return skip({ key: "staticPod", sentence: "static pods are started by the kubelet before anybody is asked" });
  }
  const owner = ownership(pod);
  const against = objections({ pod, namespace: request.namespace, owner, poolName, settings, access });
  if (against.length > 0) return deny(against);
  if (owner === "ours") {
    const version = annotated[annotations.injected] ?? "";
    return skip({ key: "alreadyInjected", sentence: `the pod has ${quoted(annotations.injected, version)}` });
  }
  const pool = settings.pools.get(poolName);
  // objections() has refused an unknown pool; this is for the compiler, and says so if that ever changes.
  if (pool === undefined) throw new Error(`pool ${poolName} passed the objections but is not known`);
  return {
    outcome: "inject",
    pod,
    wish: wishOf(pod, pool, annotated),
    reasons: [{ key: "poolAsked", sentence: `the pod has ${quoted(annotations.pool, poolName)}` }],
    warnings: unknownAnnotations(annotated),
  };
}

function isPodCreation({ kind, operation, subResource }: AdmissionRequest): boolean {
  return operation === "CREATE" && kind.kind === "Pod" && kind.group === "" && kind.version === "v1" && !subResource;
}

function wishOf(pod: Pod, pool: Wish["pool"], annotated: Record<string, string>): Wish {
  const grace = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  const { requests, limits } = pod.spec.resources ?? {};
  return {
    pool,
    onUnavailable: annotated[annotations.onUnavailable] === "proceed" ? "proceed" : "wait",
    placement: (annotated[annotations.placement] as Wish["placement"] | undefined) ?? pool.placement,
    graceSeconds: Math.min(Math.max(0, Math.trunc(grace)), maxGraceSeconds),
    podLevelResources: Object.keys(requests ?? {}).length > 0 || Object.keys(limits ?? {}).length > 0,
    guaranteed: isGuaranteed(pod),
  };
}

/** A mistyped annotation of ours has no effect, and nothing else would say so. */
function unknownAnnotations(annotated: Record<string, string>): string[] {
  const known: readonly string[] = Object.values(annotations);
  return Object.keys(annotated)
    .filter((key) => key.startsWith("static-egress/") && !known.includes(key))
    .map((key) => `annotation ${key} is not known to static-egress and has no effect`);
}

function skip(reason: Reason): Decision {
  return { outcome: "skip", reasons: [reason] };
}

function deny(reasons: readonly Reason[]): Decision {
  return { outcome: "deny", reasons };
}
