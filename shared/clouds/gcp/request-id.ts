import { createHash } from "node:crypto";

/**
 * The steps that change something. `swap` takes an ephemeral address off, to make room for ours; `remove` takes ours off, and an
 * ephemeral one is to follow; `empty` takes ours off a node that had none.
 */
const marks = {
  swap: "57a71ce0",
  add: "57a71ce1",
  restore: "57a71ce2",
  remove: "57a71ce3",
  giveBack: "57a71ce4",
  empty: "57a71ce5",
} as const;

export type Step = keyof typeof marks;

/**
 * A UUID (version 8) that is the same for the same step of the same attempt, so that GCE does a repeated request once. Its
 * first part names the step: an operation shows whose it was.
 */
export function requestIdOf(step: Step, attempt: string, machineId: string): string {
  const hash = createHash("sha256").update(`${step} ${attempt} ${machineId}`).digest("hex");
  return `${marks[step]}-${hash.slice(0, 4)}-8${hash.slice(4, 7)}-a${hash.slice(7, 10)}-${hash.slice(10, 22)}`;
}

export function isRequestOf(step: Step, requestId: string): boolean {
  return requestId.startsWith(`${marks[step]}-`);
}
