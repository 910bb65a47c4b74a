import { setHeaderOptions, type CoreV1Api } from "@kubernetes/client-node";
import { annotations } from "../../admission/names.ts";
import { everyPage, pageOf } from "./pages.ts";
import type { PodReference } from "./port.ts";
import { asks } from "./shapes.ts";

/** Asks the API server for the objects' metadata alone. */
const metadataOnly = setHeaderOptions("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
const notEnded = "status.phase!=Succeeded,status.phase!=Failed";

/** See Cluster.listUninjected. */
export async function listUninjected(core: CoreV1Api): Promise<PodReference[]> {
  const found: PodReference[] = [];
  const pods = everyPage((token) =>
    core.listPodForAllNamespaces({ fieldSelector: notEnded, ...pageOf(token) }, metadataOnly),
  );
  for await (const { metadata } of pods) {
    const { uid = "", namespace = "", name = "", annotations: written } = metadata ?? {};
    if (asks({ annotations: written ?? {} }) && written?.[annotations.injected] === undefined) {
      found.push({ uid, namespace, name });
    }
  }
  return found;
}

/** See Cluster.ignoredNamespaces; as manifests/base/mutating-webhook.yaml has them. */
export async function ignoredNamespaces(core: CoreV1Api, own: string): Promise<Set<string>> {
  const ignored = new Set(["kube-system", own]);
  const labelSelector = "static-egress/ignore=true";
  const namespaces = everyPage((token) => core.listNamespace({ labelSelector, ...pageOf(token) }, metadataOnly));
  for await (const { metadata } of namespaces) ignored.add(metadata?.name ?? "");
  return ignored;
}
