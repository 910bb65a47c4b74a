import type { Container, Pod } from "./pod.ts";

/**
 * A container's environment as the kubelet makes it: the Secrets first, then `env` over them, fields of the pod resolved.
 * Throws for a Secret or a field that is not there, as the kubelet does not start the container then.
 */
export function environmentOf(
  container: Container,
  pod: Pod,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { secretRef } of container.envFrom ?? []) {
    const secret = secrets[secretRef?.name ?? ""];
    if (secret === undefined) throw new Error(`there is no Secret ${secretRef?.name}`);
    Object.assign(environment, secret);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    environment[name] = valueFrom === undefined ? (value ?? "") : fieldOf(pod, valueFrom.fieldRef.fieldPath);
  }
  return environment;
}

function fieldOf(pod: Pod, path: string): string {
  let value: unknown = pod;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  if (typeof value !== "string") throw new Error(`the pod has no field ${path}`);
  return value;
}
