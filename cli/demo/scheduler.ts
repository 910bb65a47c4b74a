import type { LabelTerm, Pod } from "./pod.ts";

/**
 * The node for a pod, or undefined when none has room: what the webhook's terms require is kept, what they prefer counts,
 * then the emptier node goes first. A scheduler in small, for nodes that differ in nothing but the pods on them.
 */
export function nodeFor(
  pod: Pod,
  nodes: readonly string[],
  running: readonly Pod[],
  podsPerNode: number,
): string | undefined {
  const on = new Map(nodes.map((node) => [node, running.filter(({ spec }) => spec.nodeName === node)]));
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const apart = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const near = podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const far = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const some = (node: string, term: LabelTerm) => (on.get(node) ?? []).some((other) => matches(other, term));
  const weight = (node: string, terms: typeof near) =>
    terms.filter(({ podAffinityTerm }) => some(node, podAffinityTerm)).reduce((sum, { weight }) => sum + weight, 0);

  return nodes
    .filter((node) => (on.get(node) ?? []).length < podsPerNode && !apart.some((term) => some(node, term)))
    .map((node) => ({ node, score: weight(node, near) - weight(node, far), pods: on.get(node)?.length ?? 0 }))
    .toSorted((a, b) => b.score - a.score || a.pods - b.pods)[0]?.node;
}

function matches({ metadata }: Pod, { labelSelector }: LabelTerm): boolean {
  return labelSelector.matchExpressions.every(({ key, operator, values = [] }) => {
    const value = metadata.labels?.[key];
    if (operator === "Exists") return value !== undefined;
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    throw new Error(`the demo's scheduler does not know the operator ${operator}`);
  });
}
