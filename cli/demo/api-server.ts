import jsonPatch, { type Operation } from "fast-json-patch";
import { randomUUID } from "node:crypto";
import { request } from "node:https";
import type { Pod } from "./pod.ts";

export type Admitted =
  | {
      readonly status: "admitted";
      readonly pod: Pod;
      readonly warnings: readonly string[];
      readonly operations: number;
    }
  | { readonly status: "denied"; readonly message: string };

interface Review {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly message: string };
    readonly patch?: string;
    readonly warnings?: readonly string[];
  };
}

/** The one thing of an API server that matters here: it asks the webhook about a new pod, and applies the patch. */
export async function admit(pod: Pod, webhook: { readonly url: string; readonly ca: string }): Promise<Admitted> {
  const uid = randomUUID();
  const { response } = await post(webhook, {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: pod.metadata.name,
      namespace: pod.metadata.namespace,
      operation: "CREATE",
      userInfo: { username: "demo" },
      object: pod,
    },
  });
  if (response.uid !== uid) throw new Error(`the webhook answered ${response.uid} to review ${uid}`);
  if (!response.allowed) return { status: "denied", message: response.status?.message ?? "no reason given" };
  const operations =
    response.patch === undefined
      ? []
      : (JSON.parse(Buffer.from(response.patch, "base64").toString()) as readonly Operation[]);
  const patched = jsonPatch.applyPatch(pod, operations, true, false).newDocument;
  return { status: "admitted", pod: patched, warnings: response.warnings ?? [], operations: operations.length };
}

function post({ url, ca }: { readonly url: string; readonly ca: string }, review: unknown): Promise<Review> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const call = request(url, { method: "POST", ca, headers, timeout: 5000, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200) resolve(JSON.parse(text) as Review);
        else reject(new Error(`the webhook answered ${answer.statusCode}: ${text}`));
      });
    });
    call.on("timeout", () => call.destroy(new Error("the webhook did not answer within 5 s")));
    call.on("error", reject);
    call.end(JSON.stringify(review));
  });
}
