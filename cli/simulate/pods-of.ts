import { parseAllDocuments } from "yaml";
import { EgressError } from "../../shared/errors.ts";

/** A pod of a manifest, or the one that a workload of it would have made. */
export interface ManifestPod {
  /** For people: `Pod biller`, `Deployment biller`. */
  readonly of: string;
  readonly namespace: string;
  readonly object: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

/** Where workloads have the template of their pods. */
const templates: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/**
 * The pods of a manifest (YAML or JSON, several documents, Lists); what has none is passed over. Pure. Throws CONFIG_INVALID for what
 * is no manifest, or has no pod at all. `namespace`: of those that name none.
 */
export function podsOf(text: string, file: string, namespace: string): ManifestPod[] {
  const documents = parseAllDocuments(text);
  const problem = documents.flatMap(({ errors }) => errors)[0];
  if (problem !== undefined) throw unusable(file, problem.message.split("\n")[0] ?? "");
  const objects = documents.flatMap((document) => {
    const value = document.toJS() as unknown;
    const items = at(value, ["items"]);
    return at(value, ["kind"]) === "List" && Array.isArray(items) ? (items as unknown[]) : [value];
  });
  const pods = objects.flatMap((object) => podOf(object, namespace) ?? []);
  if (pods.length > 0) return pods;
  throw unusable(
    file,
    `it has no Pod, and nothing that makes pods; accepted: Pod, ${Object.keys(templates).join(", ")}`,
  );
}

function podOf(object: unknown, fallback: string): ManifestPod | undefined {
  const kind = textAt(object, ["kind"]) ?? "";
  const name = textAt(object, ["metadata", "name"]) ?? textAt(object, ["metadata", "generateName"]) ?? "";
  const namespace = textAt(object, ["metadata", "namespace"]) ?? fallback;
  if (kind === "Pod") return { of: `Pod ${name}`, namespace, object: object as Fields };
  const path = templates[kind];
  const template = path === undefined ? undefined : at(object, path);
  if (typeof template !== "object" || template === null) return undefined;
  const metadata = { ...(at(template, ["metadata"]) as Fields | undefined), generateName: `${name}-`, namespace };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: at(template, ["spec"]) };
  return { of: `${kind} ${name}`, namespace, object: pod };
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === "object" && found !== null ? (found as Fields)[key] : undefined),
    value,
  );
}

function textAt(value: unknown, path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === "string" ? found : undefined;
}

function unusable(file: string, why: string): EgressError {
  return new EgressError("CONFIG_INVALID", `the manifest ${file} cannot be used: ${why}`, {
    fix: "Give -f a manifest of a pod, or of a workload.",
  });
}
