/** Why a pod is injected, left alone or refused: a stable key, and a sentence for the person who wrote the pod. */
export interface Reason {
  readonly key: ReasonKey;
  readonly sentence: string;
}

export type ReasonKey =
  | "poolAsked"
  | "notAPodCreation"
  | "notAnnotated"
  | "injectionTurnedOff"
  | "staticPod"
  | "alreadyInjected"
  | "podUnreadable"
  | "poolEmpty"
  | "poolUnknown"
  | "poolNotAllowed"
  | "poolNotAuthorized"
  | "poolAccessUnchecked"
  | "windows"
  | "injectInvalid"
  | "onUnavailableInvalid"
  | "placementInvalid"
  | "labelConflict"
  | "injectedVersionConflict"
  | "containerNotOurs"
  | "volumeNotOurs"
  | "nodeSelectorConflict";

const shown = 100;

/** A value as it was seen, in quotes, cut when it is very long. */
export function quote(value: string): string {
  return JSON.stringify(value.length > shown ? `${value.slice(0, shown)}…` : value);
}

/** An annotation or label as it stands in the pod: `static-egress/pool: "partners"`. */
export function quoted(key: string, value: string): string {
  return `${key}: ${quote(value)}`;
}
