import jsonPatch, { type Operation } from "fast-json-patch";
import { stringify } from "yaml";
import { questionOf, serviceAccountOf } from "../../webhook/admission/access.ts";
import { admit } from "../../webhook/admission/admit.ts";
import type { Decision } from "../../webhook/admission/decide.ts";
import type { AddOperation } from "../../webhook/admission/json-patch.ts";
import type { Reason } from "../../webhook/admission/reasons.ts";
import { readPod } from "../../webhook/admission/pod.ts";
import type { AdmissionSettings } from "../../webhook/admission/settings.ts";
import type { ManifestPod } from "./pods-of.ts";

/** What the webhook would answer for one pod. `pod` is what would be created; null for one that is refused. */
export interface Simulated {
  readonly of: string;
  readonly namespace: string;
  readonly outcome: Decision["outcome"];
  readonly reasons: readonly Reason[];
  readonly warnings: readonly string[];
  readonly patch: readonly AddOperation[];
  readonly pod: unknown;
  /** What could not be known without the cluster. */
  readonly assumed: readonly string[];
}

/** Asks the webhook's own admission. Pure. The right that `authorize: rbac` asks for is taken to be there, and that is said. */
export function simulate({ of, namespace, object }: ManifestPod, settings: AdmissionSettings): Simulated {
  const request = {
    uid: "simulated",
    kind: { group: "", version: "v1", kind: "Pod" },
    operation: "CREATE",
    namespace,
    object,
  };
  const question = questionOf(request, settings);
  const { decision, reply } = admit(request, settings, "granted");
  const { patch: encoded, warnings = [] } = reply.response;
  const patch = encoded === undefined ? [] : (JSON.parse(Buffer.from(encoded, "base64").toString()) as AddOperation[]);
  const { newDocument } = jsonPatch.applyPatch(object, patch as readonly Operation[] as Operation[], true, false);
  return {
    of,
    namespace,
    outcome: decision.outcome,
    reasons: decision.reasons,
    warnings,
    patch,
    pod: decision.outcome === "deny" ? null : newDocument,
    assumed: question === undefined ? [] : [rightAssumed(question.pool, object, namespace)],
  };
}

function rightAssumed(pool: string, object: unknown, namespace: string): string {
  const reading = readPod(object);
  const account = reading.ok ? serviceAccountOf(reading.pod, namespace) : `${namespace}/default`;
  const user = `system:serviceaccount:${account.replace("/", ":")}`;
  return `that ${account} may use pool ${pool}; see: kubectl auth can-i use egresspools.static-egress.io/${pool} --as=${user}`;
}

const said = { inject: "gets a lease sidecar", skip: "is left as it is", deny: "is refused" } as const;

/** For people: what would happen to the pod and why, then what would be added, each place with its value. */
export function simulatedLines({ of, namespace, outcome, reasons, warnings, patch, assumed }: Simulated): string[] {
  return [
    `${of} in namespace ${namespace}: ${said[outcome]}`,
    ...reasons.map(({ key, sentence }) => `  why:     ${sentence} (${key})`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...assumed.map((what) => `  assumed: ${what}`),
    ...patch.flatMap(({ path, value }) => [
      `@@ ${path} @@`,
      ...stringify(value, { lineWidth: 0 })
        .trimEnd()
        .split("\n")
        .map((line) => `+ ${line}`),
    ]),
  ];
}
