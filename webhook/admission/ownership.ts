import { annotations, containerName } from "./names.ts";
import type { Pod } from "./pod.ts";

/**
 * Whose the container of our name is. `ours`: it is a native sidecar and the pod says that it was injected; the API server
 * fills in defaults and other webhooks may change it, so nothing else of it is compared. `none`: there is no such container.
 */
export type Ownership = "none" | "ours" | "foreign";

export function ownership(pod: Pod): Ownership {
  const named = (containers: Pod["spec"]["initContainers"]) =>
    (containers ?? []).filter((container) => container.name === containerName);
  const elsewhere = [...named(pod.spec.containers), ...named(pod.spec.ephemeralContainers)];
  const mine = named(pod.spec.initContainers);
  if (mine.length === 0 && elsewhere.length === 0) return "none";
  const injected = pod.metadata.annotations?.[annotations.injected] !== undefined;
  const native = mine.length === 1 && mine[0]?.restartPolicy === "Always";
  return injected && native && elsewhere.length === 0 ? "ours" : "foreign";
}
