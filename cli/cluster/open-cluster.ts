import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ApiException, ApiType, KubeConfig } from "@kubernetes/client-node";
import type { ClusterOptions } from "../command-options.ts";
import { EgressError } from "../../shared/errors.ts";

/** A cluster of the kubeconfig, and the client that speaks to it. */
export interface OpenCluster {
  readonly kubeConfig: KubeConfig;
  readonly client: typeof import("@kubernetes/client-node");
  /** The API server's URL, for people. */
  readonly server: string;
  /** One of the client's APIs. */
  api<T extends ApiType>(kind: new (configuration: never) => T): T;
}

/** Whether a cluster is named anywhere: the client need not be loaded where none is. */
function namesCluster({ kubeconfig }: ClusterOptions, env: Readonly<Record<string, string | undefined>>): boolean {
  const named = [kubeconfig, env["KUBECONFIG"], env["KUBERNETES_SERVICE_HOST"]];
  return named.some((name) => name !== undefined && name !== "") || existsSync(join(homedir(), ".kube", "config"));
}

/**
 * The cluster that kubectl would take; null when none is named anywhere. The client is loaded only now: it is large. Throws
 * CLUSTER_UNREACHABLE for a kubeconfig that cannot be read, or that has no such context, and where Node is too old for the client.
 */
export async function openCluster(
  options: ClusterOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenCluster | null> {
  if (!namesCluster(options, env)) return null;
  const client = await loadClient();
  const kubeConfig = new client.KubeConfig();
  try {
    const file = options.kubeconfig ?? env["KUBECONFIG"];
    if (file === undefined || file === "") kubeConfig.loadFromDefault();
    else for (const part of file.split(":")) load(kubeConfig, part, client);
    if (options.context !== undefined) kubeConfig.setCurrentContext(options.context);
  } catch (error) {
    throw new EgressError("CLUSTER_UNREACHABLE", `the kubeconfig cannot be read: ${String(error)}`, { cause: error });
  }
  const server = kubeConfig.getCurrentCluster()?.server;
  if (server === undefined) {
    const context = kubeConfig.getCurrentContext();
    throw new EgressError("CLUSTER_UNREACHABLE", `the kubeconfig has no context '${context}'`);
  }
  // What the client assumes when it finds neither a service account nor a kubeconfig.
  if (server === "http://localhost:8080") return null;
  return { kubeConfig, client, server, api: (kind) => kubeConfig.makeApiClient(kind as never) };
}

/** The client wants a newer Node than the rest of the command line. */
async function loadClient(): Promise<OpenCluster["client"]> {
  try {
    return await import("@kubernetes/client-node");
  } catch (error) {
    throw new EgressError("CLUSTER_UNREACHABLE", `the Kubernetes client does not load in Node ${process.version}`, {
      cause: error,
      fix: "Run static-egress with Node 22.19 or newer for what it asks of a cluster.",
    });
  }
}

/** As kubectl does it: what is there first wins. */
function load(kubeConfig: KubeConfig, file: string, client: OpenCluster["client"]): void {
  if (file === "") return;
  const one = new client.KubeConfig();
  one.loadFromFile(file);
  if (kubeConfig.clusters === undefined || kubeConfig.clusters.length === 0) kubeConfig.loadFromFile(file);
  else kubeConfig.mergeConfig(one, true);
}

const patienceMs = 10_000;

/**
 * What the API server answered; null for "there is no such thing". Throws CLUSTER_UNREACHABLE, or CLUSTER_DENIED (`what` is what
 * was asked, as in "reading pod a/b").
 */
export async function asked<T>(what: string, answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    const code = (error as Partial<ApiException<unknown>>).code;
    if (code === 404) return null;
    if (code === 401 || code === 403) {
      throw new EgressError("CLUSTER_DENIED", `${what}: the API server says ${code}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    throw new EgressError("CLUSTER_UNREACHABLE", `${what}: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  const body = (error as { readonly body?: unknown }).body;
  try {
    const status: unknown = typeof body === "string" ? JSON.parse(body) : body;
    const message = (status as { readonly message?: unknown } | undefined)?.message;
    if (typeof message === "string") return message;
  } catch {
    // Not an API server's answer; what the client says of it is all there is.
  }
  const { message, cause } = error as Error & { readonly cause?: { readonly message?: string } };
  return (cause?.message ?? message).split("\n")[0] ?? "";
}
