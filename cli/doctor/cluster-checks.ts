import { X509Certificate } from "node:crypto";
import { duration } from "../../shared/inspection/duration.ts";
import { parsePools } from "../../shared/pools/file.ts";
import { annotations } from "../../webhook/admission/names.ts";
import { messageOf } from "../../webhook/admission/reply.ts";
import { asked, type OpenCluster } from "../cluster/open-cluster.ts";
import { found, ok, type Finding } from "./finding.ts";

const oldestMinor = 30;

/** The version of Kubernetes. */
export async function checkVersion(cluster: OpenCluster): Promise<Finding[]> {
  const version = await asked("asking for the version", cluster.api(cluster.client.VersionApi).getCode());
  return [judgeVersion(version?.major ?? "", version?.minor ?? "", cluster.server)];
}

/** Some providers write `30+`. Pure. */
export function judgeVersion(major: string, minor: string, server: string): Finding {
  const seen = `${major}.${minor} at ${server}`;
  if (Number(major) > 1 || Number.parseInt(minor, 10) >= oldestMinor) return ok("kubernetes", seen);
  return found("kubernetes", "problem", seen, `Use Kubernetes 1.${oldestMinor} or newer.`);
}

const apply = "Apply the manifests again: kubectl apply -k manifests/<overlay>.";
const configuration = "static-egress";

/** The webhook's configuration and the CAs in it. */
export async function checkConfiguration(cluster: OpenCluster): Promise<Finding[]> {
  const api = cluster.api(cluster.client.AdmissionregistrationV1Api);
  const answer = api.readMutatingWebhookConfiguration({ name: configuration });
  const read = await asked(`reading MutatingWebhookConfiguration ${configuration}`, answer);
  const webhook = read?.webhooks?.find(({ name }) => name === "pods.static-egress.io");
  if (webhook === undefined) {
    const seen =
      "there is no MutatingWebhookConfiguration static-egress with pods.static-egress.io: no pod gets a sidecar";
    return [found("webhook", "problem", seen, apply)];
  }
  const ignored = webhook.failurePolicy === "Ignore";
  const fix = `Set failurePolicy: Fail. ${apply}`;
  return [
    ignored
      ? found("webhook", "warning", "failurePolicy Ignore: while it is down, pods start without their address", fix)
      : ok("webhook", "it is configured"),
    judgeCertificates(Buffer.from(webhook.clientConfig.caBundle ?? "", "base64").toString(), Date.now()),
  ];
}

const soonMs = 14 * 86_400_000;

/** The CAs that the API server believes (PEM): the one that lasts longest counts. Pure. */
export function judgeCertificates(bundle: string, nowMs: number): Finding {
  const check = "certificate";
  const log = "Look at the webhook's log: it writes its own CA there within a minute.";
  const pems = bundle.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g) ?? [];
  if (pems.length === 0) return found(check, "problem", "the webhook's configuration has no caBundle", log);
  const endsMs = Math.max(...pems.map((pem) => Date.parse(new X509Certificate(pem).validTo)));
  const left = endsMs - nowMs;
  if (left <= 0) return found(check, "problem", `the CA has expired ${duration(-left)} ago`, log);
  if (left < soonMs) return found(check, "warning", `the CA expires in ${duration(left)}`, log);
  return ok(check, `the CA is good for another ${duration(left)}`);
}

/** Whether the webhook's pods are ready. */
export async function checkDeployment(cluster: OpenCluster, namespace: string): Promise<Finding[]> {
  const name = "static-egress-webhook";
  const answer = cluster.api(cluster.client.AppsV1Api).readNamespacedDeployment({ namespace, name });
  const deployment = await asked(`reading deployment ${namespace}/${name}`, answer);
  if (deployment === null)
    return [found("deployment", "problem", `there is no Deployment ${namespace}/${name}`, apply)];
  const ready = deployment.status?.readyReplicas ?? 0;
  const seen = `${ready} of ${deployment.spec?.replicas ?? 1} replicas of ${namespace}/${name} are ready`;
  const fix = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=${name}`;
  if (ready === 0) return [found("deployment", "problem", seen, fix)];
  if (ready < (deployment.spec?.replicas ?? 1)) return [found("deployment", "warning", seen, fix)];
  return [ok("deployment", seen)];
}

/** The pools file as the cluster has it. Throws POOLS_INVALID. */
export async function checkPoolsMap(cluster: OpenCluster, namespace: string): Promise<Finding[]> {
  const name = "static-egress-pools";
  const answer = cluster.api(cluster.client.CoreV1Api).readNamespacedConfigMap({ namespace, name });
  const text = (await asked(`reading ConfigMap ${namespace}/${name}`, answer))?.data?.["pools.yaml"];
  if (text === undefined) {
    return [found("pools file", "problem", `there is no pools.yaml in ConfigMap ${namespace}/${name}`, apply)];
  }
  return [ok("pools file", `ConfigMap ${namespace}/${name}: ${parsePools(text).length} pools`)];
}

/** Where pods leave without the node's own address, ours on the node helps nobody. EKS' CNI says so in its environment. */
export async function checkSourceAddress(cluster: OpenCluster): Promise<Finding[]> {
  const answer = cluster.api(cluster.client.AppsV1Api).readNamespacedDaemonSet({
    namespace: "kube-system",
    name: "aws-node",
  });
  const daemons = await asked("reading daemonset kube-system/aws-node", answer);
  if (daemons === null) return [];
  const env = daemons.spec?.template.spec?.containers.flatMap((container) => container.env ?? []) ?? [];
  if (env.find(({ name }) => name === "AWS_VPC_K8S_CNI_EXTERNALSNAT")?.value !== "true") {
    return [ok("source address", "pods leave by their node's address")];
  }
  const seen = "AWS_VPC_K8S_CNI_EXTERNALSNAT=true: pods do not leave by their node's address";
  return [
    found(
      "source address",
      "problem",
      seen,
      "kubectl -n kube-system set env daemonset aws-node AWS_VPC_K8S_CNI_EXTERNALSNAT=false",
    ),
  ];
}

/** No pool can have this name (RFC 1123), so that the webhook, if it is asked, refuses the pod. */
const impossiblePool = "_doctor_";

/**
 * Has the API server try (dry run, nothing is created) to create a pod that asks for a pool that cannot exist: the webhook's own
 * refusal shows that it is reached and its certificate believed.
 */
export async function checkReach(cluster: OpenCluster, namespace: string): Promise<Finding[]> {
  const check = "reachability";
  const body = {
    metadata: { generateName: "static-egress-doctor-", annotations: { [annotations.pool]: impossiblePool } },
    spec: {
      containers: [{ name: "app", image: "none", resources: { limits: { cpu: "1m", memory: "1Mi" } } }],
    },
  };
  const answer = cluster.api(cluster.client.CoreV1Api).createNamespacedPod({ namespace, body, dryRun: "All" });
  const text = await answer.then(
    () => undefined,
    (error: unknown) => String((error as { readonly body?: unknown }).body ?? error),
  );
  return [judgeReach(check, text, namespace)];
}

/** `refusal`: what the API server said; undefined when it would have created the pod. Pure. */
export function judgeReach(check: string, refusal: string | undefined, namespace: string): Finding {
  if (refusal === undefined) {
    const seen = `a pod of namespace ${namespace} that asks for a pool is admitted without the webhook`;
    const fix = `Take the label static-egress/ignore off the namespace, or try --try-in another. ${apply}`;
    return found(check, "problem", seen, fix);
  }
  if (refusal.includes(messageOf([]))) return ok(check, "the API server reaches the webhook");
  if (refusal.includes("failed calling webhook")) {
    const why = /failed calling webhook[^"]*"pods\.static-egress\.io[^"]*"[^]{0,300}/.exec(
      refusal.replaceAll("\\", ""),
    );
    const seen = why?.[0] ?? refusal.slice(0, 300);
    const fix =
      "Let the control plane reach port 8443 of the webhook's pods (security groups, NetworkPolicy), and read its log.";
    return found(check, "problem", seen, fix);
  }
  const fix = "Let yourself create pods in the namespace, or name another by --try-in.";
  return found(check, "unknown", refusal.slice(0, 300), fix);
}
