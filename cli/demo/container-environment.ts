import type { Container, Pod } from "./pod.ts";

/**
 * A container's environment as the kubelet makes it, fields of the pod resolved. Throws for a field that is not there, as the
 * kubelet does not start the container then.
 */
export function environmentOf(container: Container, pod: Pod): Record<string, string> {
  const entries = (container.env ?? []).map(({ name, value, valueFrom }) => {
    return [name, valueFrom === undefined ? (value ?? "") : fieldOf(pod, valueFrom.fieldRef.fieldPath)] as const;
  });
  return Object.fromEntries(entries);
}

function fieldOf(pod: Pod, path: string): string {
  let value: unknown = pod;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  if (typeof value !== "string") throw new Error(`the pod has no field ${path}`);
  return value;
}
