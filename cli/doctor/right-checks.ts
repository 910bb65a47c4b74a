import type { V1ResourceAttributes } from "@kubernetes/client-node";
import { asked, type OpenCluster } from "../cluster/open-cluster.ts";
import { found, ok, type Finding } from "./finding.ts";
import { rightText, userRights, webhookRights, type Right } from "./rights.ts";

/** Asks the API server for each right that the webhook's service account needs. Throws CLUSTER_DENIED, CLUSTER_UNREACHABLE. */
export async function checkWebhookRights(cluster: OpenCluster, namespace: string): Promise<Finding[]> {
  const api = cluster.api(cluster.client.AuthorizationV1Api);
  const user = `system:serviceaccount:${namespace}:static-egress-webhook`;
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  const lacking = await lackingOf(webhookRights, namespace, async (resourceAttributes) => {
    const review = api.createSubjectAccessReview({ body: { spec: { user, groups, resourceAttributes } } });
    return (await asked("asking for the webhook's rights", review))?.status?.allowed === true;
  });
  if (lacking.length === 0) return [ok("webhook's rights", `${user} has the ${webhookRights.length} that it needs`)];
  const fix = "Apply manifests/base/rbac.yaml again (kubectl apply -k manifests/<overlay>).";
  return [found("webhook's rights", "problem", `${user} may not: ${lacking.map(rightText).join(", ")}`, fix)];
}

/** The user's own, for what this command line asks. */
export async function checkUserRights(cluster: OpenCluster): Promise<Finding[]> {
  const api = cluster.api(cluster.client.AuthorizationV1Api);
  const lacking = await lackingOf(userRights, undefined, async (resourceAttributes) => {
    const review = api.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
    return (await asked("asking for your rights", review))?.status?.allowed === true;
  });
  if (lacking.length === 0) return [ok("your rights", "enough for explain and doctor, in every namespace")];
  const fix = "Nothing to do if you look at your own namespaces only; else have them granted.";
  return [found("your rights", "warning", `not in every namespace: ${lacking.map(rightText).join(", ")}`, fix)];
}

async function lackingOf(
  rights: readonly Right[],
  namespace: string | undefined,
  may: (attributes: V1ResourceAttributes) => Promise<boolean>,
): Promise<Right[]> {
  const answers = await Promise.all(
    rights.map(async (right) => {
      const { verb, group, resource, name, ours } = right;
      const place = { ...(name !== undefined && { name }), ...(ours && namespace !== undefined && { namespace }) };
      return { right, allowed: await may({ verb, group, resource, ...place }) };
    }),
  );
  return answers.filter(({ allowed }) => !allowed).map(({ right }) => right);
}
