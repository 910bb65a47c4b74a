/** A right in Kubernetes. Core resources have the group "". */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
  /** In our own namespace; else in all of the cluster. */
  readonly ours?: true;
}

const rights = (group: string, resource: string, verbs: readonly string[], more: Partial<Right> = {}): Right[] =>
  verbs.map((verb) => ({ verb, group, resource, ...more }));

/** What the webhook's service account needs; a test holds it to manifests/base/rbac.yaml. */
export const webhookRights: readonly Right[] = [
  ...rights("", "nodes", ["get", "list", "watch", "patch"]),
  ...rights("", "pods", ["get", "list", "watch", "patch"]),
  ...rights("", "namespaces", ["list"]),
  ...rights("", "events", ["create", "get", "patch"]),
  ...rights("authentication.k8s.io", "tokenreviews", ["create"]),
  ...rights("authorization.k8s.io", "subjectaccessreviews", ["create"]),
  ...rights(
    "admissionregistration.k8s.io",
    "mutatingwebhookconfigurations",
    ["get", "list", "watch", "update", "patch"],
    { name: "static-egress" },
  ),
  ...rights("", "secrets", ["create"], { ours: true }),
  ...rights("", "secrets", ["get", "update"], { ours: true, name: "static-egress-ca" }),
  ...rights("coordination.k8s.io", "leases", ["create"], { ours: true }),
  ...rights("coordination.k8s.io", "leases", ["get", "update"], { ours: true, name: "static-egress-controller" }),
];

/** What this command line asks of the cluster by the user's own identity. */
export const userRights: readonly Right[] = [
  ...rights("", "pods", ["get", "create"]),
  ...rights("", "events", ["list"]),
];

/** As `kubectl auth can-i` would be asked. */
export function rightText({ verb, group, resource, name }: Right): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : `/${name}`}`;
}
