import * as z from "zod";

const text = z.string();
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const texts = optional(z.record(text, text));
const toleration = z.object({
  key: optional(text),
  operator: optional(text),
  value: optional(text),
  effect: optional(text),
  tolerationSeconds: optional(z.number()),
});
const terms = optional(z.array(z.unknown()));
const resourceList = optional(z.record(text, z.unknown()));
const resources = optional(z.object({ requests: resourceList, limits: resourceList }));
const container = z.object({ name: text, restartPolicy: optional(text), resources });

/** Only what admission reads. Unknown fields are not looked at; `null` is what Kubernetes takes it for: absent. */
const podSchema = z.object({
  metadata: z.object({ annotations: texts, labels: texts }),
  spec: z.object({
    containers: z.array(container).min(1),
    initContainers: optional(z.array(container)),
    ephemeralContainers: optional(z.array(container)),
    volumes: optional(z.array(z.object({ name: text }))),
    serviceAccountName: optional(text),
    nodeSelector: texts,
    tolerations: optional(z.array(toleration)),
    os: optional(z.object({ name: optional(text) })),
    securityContext: optional(z.object({ windowsOptions: optional(z.object({ hostProcess: optional(z.boolean()) })) })),
    terminationGracePeriodSeconds: optional(z.number()),
    resources,
    affinity: optional(
      z.object({
        podAffinity: optional(z.object({ preferredDuringSchedulingIgnoredDuringExecution: terms })),
        podAntiAffinity: optional(
          z.object({
            requiredDuringSchedulingIgnoredDuringExecution: terms,
            preferredDuringSchedulingIgnoredDuringExecution: terms,
          }),
        ),
      }),
    ),
  }),
});

/** A reading copy of a pod: what admission decides on. The raw object itself is never touched. */
export type Pod = z.infer<typeof podSchema>;

export type Reading = { readonly ok: true; readonly pod: Pod } | { readonly ok: false; readonly problem: string };

/** Reads a raw pod; `problem` names the first fields that are not what Kubernetes says they are. Never throws. */
export function readPod(raw: unknown): Reading {
  const result = podSchema.safeParse(raw);
  if (result.success) return { ok: true, pod: result.data };
  const problems = result.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "object"}: ${issue.message}`);
  return { ok: false, problem: problems.join("; ") };
}

/**
 * Whether Kubernetes would call the pod Guaranteed (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/): CPU and memory
 * limits everywhere, and requests that are absent or the same. Quantities are compared as written: where they are equal but
 * written differently, the pod gets the sidecar of a Burstable one.
 */
export function isGuaranteed({ spec }: Pod): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources: given }) =>
    ["cpu", "memory"].every((name) => {
      const limit = given?.limits?.[name];
      return limit !== undefined && (given?.requests?.[name] ?? limit) === limit;
    }),
  );
}
