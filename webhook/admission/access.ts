import { codeOf } from "../../shared/errors.ts";
import type { MayUse } from "../authorization/review-access.ts";
import { annotations } from "./names.ts";
import { readPod, type Pod } from "./pod.ts";
import type { AdmissionRequest } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";

/** What is known of a service account's right to use a pool that says `authorize: rbac`. */
export type Access = "granted" | "refused" | "unchecked";

interface Question {
  readonly serviceAccount: string;
  readonly pool: string;
}

export const serviceAccountOf = (pod: Pod, namespace: string): string =>
  `${namespace}/${pod.spec.serviceAccountName ?? "default"}`;

/** What has to be asked before the pod can be decided on; undefined for nothing. Pure. */
export function questionOf({ object, namespace }: AdmissionRequest, settings: AdmissionSettings): Question | undefined {
  // Reading a pod is most of admission's cost: only where there is something to ask.
  if (![...settings.pools.values()].some(({ authorize }) => authorize !== undefined)) return undefined;
  const reading = readPod(object);
  if (!reading.ok) return undefined;
  const pool = settings.pools.get(reading.pod.metadata.annotations?.[annotations.pool] ?? "");
  if (pool?.authorize !== "rbac") return undefined;
  return { serviceAccount: serviceAccountOf(reading.pod, namespace), pool: pool.name };
}

/** Asks it. What could not be asked is `unchecked`, also where there is nobody to ask. */
export async function answerTo(
  { serviceAccount, pool }: Question,
  mayUse: MayUse | undefined,
  tell: (error: unknown) => void,
): Promise<Access> {
  if (mayUse === undefined) return "unchecked";
  try {
    return (await mayUse(serviceAccount, pool)) ? "granted" : "refused";
  } catch (error) {
    if (codeOf(error) !== "ACCESS_UNCHECKED") throw error;
    tell(error);
    return "unchecked";
  }
}
