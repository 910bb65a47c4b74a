import * as fc from "fast-check";

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);
const sparse = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, always: (keyof T)[] = []) =>
  fc.record(model, { requiredKeys: always });
const container = sparse(
  { name: oneOf("app", "migrate", "log-agent"), image: fc.string(), restartPolicy: oneOf("Always", undefined) },
  ["name"],
);
const proxy = fc.constant({ name: "istio-proxy", image: "i", restartPolicy: "Always" as const });
const term = fc.constant({ labelSelector: { matchLabels: { app: "web" } }, topologyKey: "zone" });
const terms = fc.oneof(fc.constant(null), fc.array(term, { maxLength: 2 }));

/** Pods that ask for a pool, most of them to be injected: with and without every parent that the patch adds below. */
export const anyPod = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Pod"),
  metadata: sparse(
    {
      generateName: fc.string(),
      labels: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.string())),
      annotations: sparse<Record<string, string>>(
        {
          "static-egress/pool": oneOf("partners", "partners", "dedicated", "nobody"),
          "static-egress/placement": oneOf("pack", "spread", "none"),
          "a/b~c": fc.string(),
        },
        ["static-egress/pool"],
      ),
    },
    ["annotations"],
  ),
  spec: sparse(
    {
      containers: fc.array(container, { minLength: 1, maxLength: 3 }),
      initContainers: fc.oneof(fc.constant(null), fc.array(fc.oneof(container, proxy), { maxLength: 3 })),
      volumes: fc.oneof(fc.constant(null), fc.array(fc.record({ name: oneOf("data", "tmp") }), { maxLength: 2 })),
      nodeSelector: fc.oneof(fc.constant(null), sparse({ egress: oneOf("static", "none"), "a/b~c": fc.string() })),
      tolerations: fc.oneof(
        fc.constant(null),
        fc.array(sparse({ key: oneOf("egress", "other"), operator: oneOf("Exists", "Equal") }), { maxLength: 2 }),
      ),
      affinity: fc.oneof(
        fc.constant(null),
        sparse({
          nodeAffinity: fc.constant({}),
          podAffinity: sparse({ preferredDuringSchedulingIgnoredDuringExecution: terms }),
          podAntiAffinity: sparse({
            requiredDuringSchedulingIgnoredDuringExecution: terms,
            preferredDuringSchedulingIgnoredDuringExecution: terms,
          }),
        }),
      ),
      terminationGracePeriodSeconds: fc.integer({ min: -1 }),
      unknownField: fc.jsonValue(),
    },
    ["containers"],
  ),
});
