import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  Watch,
  type KubeConfig,
} from "@kubernetes/client-node";
import type { Logger } from "../../shared/log.ts";
import { conflict, gone, orNull } from "../controller/cluster/answers.ts";
import type { CertificateStore } from "./store.ts";

/** Of the contract: the one webhook in our configuration. */
export const webhookName = "pods.static-egress.io";

interface KubernetesStoreOptions {
  /** A ReusingKubeConfig, loaded. */
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly secret: string;
  readonly configuration: string;
  readonly log: Logger;
}

const watchPath = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const rewatchMs = 2_000;
const strategicMerge = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);

/** The store behind an API server: a Secret in our namespace, and the named MutatingWebhookConfiguration. */
export function kubernetesStore(options: KubernetesStoreOptions): CertificateStore {
  const { kubeConfig, namespace, secret, configuration, log } = options;
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const admission = kubeConfig.makeApiClient(AdmissionregistrationV1Api);
  const at = { name: secret, namespace };

  return {
    async readSecret() {
      const found = await orNull(core.readNamespacedSecret(at), gone);
      if (found === null) return null;
      const data = Object.entries(found.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]);
      return {
        data: Object.fromEntries(data) as Record<string, string>,
        version: found.metadata?.resourceVersion ?? "",
      };
    },
    async writeSecret(data, version) {
      const labels = { "app.kubernetes.io/name": "static-egress" };
      const metadata = { ...at, labels, ...(version === null ? {} : { resourceVersion: version }) };
      const body = { metadata, type: "Opaque", stringData: { ...data } };
      const written =
        version === null
          ? await orNull(core.createNamespacedSecret({ namespace, body }), conflict)
          : await orNull(core.replaceNamespacedSecret({ ...at, body }), conflict, gone);
      return written !== null;
    },
    async readBundle() {
      const found = await orNull(admission.readMutatingWebhookConfiguration({ name: configuration }), gone);
      const webhook = found?.webhooks?.find(({ name }) => name === webhookName);
      if (webhook === undefined) return null;
      return Buffer.from(webhook.clientConfig.caBundle ?? "", "base64").toString();
    },
    async writeBundle(pem) {
      const clientConfig = { caBundle: Buffer.from(pem).toString("base64") };
      const body = { webhooks: [{ name: webhookName, clientConfig }] };
      await admission.patchMutatingWebhookConfiguration({ name: configuration, body }, strategicMerge);
    },
    watchBundle(changed) {
      const watch = new Watch(kubeConfig);
      let ended = false;
      let request: AbortController | undefined;
      const query = { fieldSelector: `metadata.name=${configuration}` };
      // Without a resourceVersion every watch begins with the state as it is: nothing is missed in between.
      const again = (error?: unknown): void => {
        if (ended) return;
        log.debug({ error }, "watch on the webhook configuration begins again");
        setTimeout(start, rewatchMs).unref();
      };
      const start = (): void => {
        if (ended) return;
        watch.watch(watchPath, query, () => changed(), again).then((started) => (request = started), again);
      };
      start();
      return () => {
        ended = true;
        request?.abort();
      };
    },
  };
}
