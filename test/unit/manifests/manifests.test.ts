import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { poolSchema } from "../../../shared/pools/schema.ts";

/* eslint-disable typescript/no-explicit-any -- foreign YAML: each expectation says what shape it wants */
type Manifest = Record<string, any>;

const root = new URL("../../../manifests/", import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), "utf8");
const documents = (path: string): Manifest[] => parseAllDocuments(text(path)).map((document) => document.toJS());
const one = (path: string, kind: string): Manifest => {
  const found = documents(path).find((document) => document["kind"] === kind);
  if (!found) throw new Error(`${path} has no ${kind}`);
  return found;
};
const kustomization = (folder: string): Manifest => parse(text(`${folder}/kustomization.yaml`));
const overlays = readdirSync(new URL("overlays/", root)).map((name) => `overlays/${name}`);

describe("the webhook configuration", () => {
  const configuration = one("base/mutating-webhook.yaml", "MutatingWebhookConfiguration");
  const webhook = configuration["webhooks"][0];

  it("has the contract's names", () => {
    expect(configuration["metadata"].name).toBe("static-egress");
    expect(webhook.name).toBe("pods.static-egress.io");
  });

  it("is called for annotated pods only, and never for kube-system, ourselves or namespaces that opted out", () => {
    expect(webhook.rules).toEqual([
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "Namespaced" },
    ]);
    expect(webhook.matchConditions.map((condition: Manifest) => condition["expression"])).toEqual([
      "has(object.metadata.annotations) && 'static-egress/pool' in object.metadata.annotations",
    ]);
    expect(webhook.namespaceSelector.matchExpressions).toEqual([
      { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", "static-egress"] },
      { key: "static-egress/ignore", operator: "NotIn", values: ["true"] },
    ]);
  });

  it("refuses those pods when the webhook is away, within three seconds", () => {
    expect(webhook).toMatchObject({
      failurePolicy: "Fail",
      timeoutSeconds: 3,
      sideEffects: "None",
      reinvocationPolicy: "IfNeeded",
    });
  });

  it("leaves caBundle to the webhook, so that applying again does not wipe it", () => {
    expect(webhook.clientConfig).not.toHaveProperty("caBundle");
  });

  it("points to the Service, and the Service to the Deployment's port", () => {
    const service = one("base/service.yaml", "Service");
    expect(webhook.clientConfig.service).toMatchObject({ ...pick(service), path: "/mutate", port: 443 });
    const pod = one("base/deployment.yaml", "Deployment")["spec"].template;
    expect(pod.metadata.labels).toMatchObject(service["spec"].selector);
    expect(pod.spec.containers[0].ports).toContainEqual({
      name: service["spec"].ports[0].targetPort,
      containerPort: 8443,
    });
  });
});

describe("the Deployment", () => {
  const { spec } = one("base/deployment.yaml", "Deployment");
  const pod = spec.template.spec;
  const container = pod.containers[0];
  const environment = new Map<string, string>(container.env.map((entry: Manifest) => [entry["name"], entry["value"]]));

  it("has two replicas that a disruption budget covers", () => {
    expect(spec.replicas).toBe(2);
    const budget = one("base/pod-disruption-budget.yaml", "PodDisruptionBudget");
    expect(budget["spec"].selector).toEqual(spec.selector);
  });

  it("asks for no service links, which would bring foreign names under our prefix", () => {
    expect(pod.enableServiceLinks).toBe(false);
  });

  it("mounts the whole pools folder, so that a change is seen while it runs", () => {
    const mount = container.volumeMounts.find((entry: Manifest) => entry["name"] === "pools");
    expect(mount).not.toHaveProperty("subPath");
    expect(environment.get("STATIC_EGRESS_POOLS_FILE")).toBe(`${mount.mountPath}/pools.yaml`);
  });

  it("holds restricted pod security", () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    });
  });

  it("is given the names that its rights are narrowed to", () => {
    const rules = documents("base/rbac.yaml").flatMap((document) => document["rules"] ?? []);
    const named = (resource: string) =>
      rules.find((rule: Manifest) => rule["resources"].includes(resource) && rule["resourceNames"])?.resourceNames;
    expect(named("secrets")).toEqual([environment.get("STATIC_EGRESS_CERTIFICATE_SECRET")]);
    expect(named("mutatingwebhookconfigurations")).toEqual([environment.get("STATIC_EGRESS_CONFIGURATION")]);
    expect(named("leases")).toEqual(["static-egress-controller"]);
  });
});

describe("rights", () => {
  it("are enough to ask who bears a sidecar's token", () => {
    const rules: Manifest[] = documents("base/rbac.yaml").flatMap((document) => document["rules"] ?? []);
    const review = rules.find((rule) => rule["resources"].includes("tokenreviews"));
    expect(review).toEqual({ apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] });
  });

  it("are never everything, and secrets are never listed", () => {
    const rules: Manifest[] = documents("base/rbac.yaml").flatMap((document) => document["rules"] ?? []);
    for (const rule of rules) {
      expect([...rule["apiGroups"], ...rule["resources"], ...rule["verbs"]]).not.toContain("*");
    }
    const onSecrets = rules.filter((rule) => rule["resources"].includes("secrets"));
    expect(onSecrets.flatMap((rule) => rule["verbs"])).not.toContain("list");
  });
});

describe.each(["base", ...overlays])("%s", (folder) => {
  it("keeps the given order, in which the webhook configuration goes first", () => {
    expect(kustomization(folder)["sortOptions"]).toEqual({ order: "fifo" });
    const [first] = kustomization(folder)["resources"];
    expect(first).toBe(folder === "base" ? "mutating-webhook.yaml" : "../../base");
  });

  it("generates the pools under a name that stays", () => {
    const [pools] = kustomization(folder)["configMapGenerator"];
    expect(pools).toMatchObject({ name: "static-egress-pools", options: { disableNameSuffixHash: true } });
  });
});

describe.each(readdirSync(new URL("components/", root)))("components/%s", (name) => {
  it("is optional, and names files that there are", () => {
    const { kind, resources = [], configMapGenerator = [] } = kustomization(`components/${name}`);
    expect(kind).toBe("Component");
    const files: string[] = [...resources, ...configMapGenerator.flatMap((generator: Manifest) => generator["files"])];
    expect(readdirSync(new URL(`components/${name}/`, root))).toEqual(expect.arrayContaining(files));
    expect(kustomization("base")).not.toHaveProperty("components");
  });
});

describe("pool files", () => {
  const files = ["base/pools.yaml", ...overlays.map((folder) => `${folder}/pools.yaml`)];
  const examples = readdirSync(new URL("examples/", root)).filter((name) => name.startsWith("pools-"));

  it.each([...files, ...examples.map((name) => `examples/${name}`)])("%s holds to the schema", (path) => {
    for (const pool of parse(text(path)).pools) expect(poolSchema.safeParse(pool).error).toBeUndefined();
  });
});

describe("direct mode", () => {
  const everything = [...documents("base/deployment.yaml"), ...documents("components/redis/redis.yaml")];

  it("is chosen by its component alone", () => {
    expect(JSON.stringify(everything)).not.toContain("STATIC_EGRESS_MODE");
    for (const folder of overlays)
      expect(kustomization(folder)["components"] ?? []).not.toContain("../../components/direct");
    const [deployment] = kustomization("components/direct")["patches"];
    const added: Manifest[] = parse(deployment.patch).map((operation: Manifest) => operation["value"]);
    expect(added).toContainEqual({ name: "STATIC_EGRESS_MODE", value: "direct" });
  });

  it("alone lets sidecars reach Redis; else it is the webhook's", () => {
    const policy = one("components/redis/redis.yaml", "NetworkPolicy")["spec"];
    const labels = one("base/deployment.yaml", "Deployment")["spec"].template.metadata.labels;
    expect(policy.ingress).toEqual([
      { from: [{ podSelector: { matchLabels: labels } }], ports: [{ port: 6379, protocol: "TCP" }] },
    ]);
    const wider = one("components/direct/network-policy.yaml", "NetworkPolicy")["spec"];
    expect(wider.podSelector).toEqual(policy.podSelector);
    expect(wider.ingress).toEqual([{ ports: [{ port: 6379, protocol: "TCP" }] }]);
  });
});

describe("the webhook's NetworkPolicy", () => {
  it("lets anybody come for admission and leases, and metrics be read from labelled namespaces alone", () => {
    const policy = one("base/network-policy.yaml", "NetworkPolicy")["spec"];
    const reading = { namespaceSelector: { matchLabels: { "static-egress/metrics": "true" } } };
    expect(policy.ingress).toEqual([
      { ports: [{ port: 8443, protocol: "TCP" }] },
      { from: [reading], ports: [{ port: 9090, protocol: "TCP" }] },
    ]);
    expect(policy.policyTypes).toEqual(["Ingress", "Egress"]);
  });
});

describe("examples", () => {
  it.each(["deployment.yaml", "job.yaml"])("%s asks with the contract's annotation", (name) => {
    const annotations = documents(`examples/${name}`)[0]?.["spec"].template.metadata.annotations;
    expect(annotations).toHaveProperty("static-egress/pool", "partners");
  });

  it("secret-direct.yaml has the name that direct mode gives", () => {
    const [deployment] = kustomization("components/direct")["patches"];
    const added: Manifest[] = parse(deployment.patch).map((operation: Manifest) => operation["value"]);
    const { name } = one("examples/secret-direct.yaml", "Secret")["metadata"];
    expect(added).toContainEqual({ name: "STATIC_EGRESS_DIRECT_SECRET", value: name });
  });
});

function pick(service: Manifest): { namespace: string; name: string } {
  return { namespace: service["metadata"].namespace, name: service["metadata"].name };
}
