import { get, kubectl } from "./kubectl.ts";

/** What is ours in the cluster: the ledger's server, the webhook's replicas, the active controller. */
const inOurs = (...args: string[]): Promise<string> => kubectl("-n", "static-egress", ...args);

export const redisDeployment = "deployment/static-egress-redis";
export const webhookDeployment = "deployment/static-egress-webhook";

interface PodPlace {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
}

/** Pods of ours that are not on their way out, with the node of each. */
async function podsOf(name: string): Promise<PodPlace[]> {
  const { items } = await get<{ items: PodPlace[] }>(
    "-n",
    "static-egress",
    "pods",
    "-l",
    `app.kubernetes.io/name=${name}`,
  );
  return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

/** The node that the ledger's server runs on. */
export async function redisNode(): Promise<string> {
  const node = (await podsOf("static-egress-redis"))[0]?.spec.nodeName;
  if (node === undefined) throw new Error("the ledger's server runs nowhere");
  return node;
}

/** One redis-cli command in the ledger's own pod. */
export const redis = (...command: string[]): Promise<string> =>
  inOurs("exec", redisDeployment, "--", "redis-cli", ...command);

/** UIDs of the pods with a lease, or waiting for one, as the ledger has them. */
export async function podsInLedger(): Promise<Set<string>> {
  const uids = (await redis("HKEYS", "static-egress:{default}:pods")).split("\n");
  return new Set(uids.filter((uid) => uid !== ""));
}

/** The pod whose controller is the active one; undefined while there is none. */
export async function activeController(): Promise<string | undefined> {
  const { spec } = await get<{ spec: { holderIdentity?: string } }>(
    "-n",
    "static-egress",
    "lease",
    "static-egress-controller",
  );
  const names = (await podsOf("static-egress-webhook")).map((pod) => pod.metadata.name);
  return names.find((name) => spec.holderIdentity?.startsWith(name));
}

/** Ends pods of ours as a crash does: no signal is waited for. */
export const killOurs = (...which: string[]): Promise<string> =>
  inOurs("delete", "pod", ...which, "--force", "--grace-period=0", "--wait=false");

export const killAllWebhooks = (): Promise<string> => killOurs("-l", "app.kubernetes.io/name=static-egress-webhook");

/** Resolves once every replica of the deployment is there again. */
export const whole = (deployment: string): Promise<string> => inOurs("rollout", "status", deployment, "--timeout=120s");

/** Replaces the deployment's pods one after the other, as an upgrade does. */
export async function restartRolling(deployment: string): Promise<void> {
  await inOurs("rollout", "restart", deployment);
  await whole(deployment);
}
