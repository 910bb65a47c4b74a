import { apply, get } from "../e2e/support/kubectl.ts";
import { until } from "../e2e/support/wait.ts";
import type { Site } from "./site.ts";
import type { Traffic } from "./traffic.ts";

/** Longer than a ledger's doubt and a node's start together: what is not repaired by then is not going to be. */
const patienceSeconds = 300;

/** One pod on each steady node, bound to it, there from the first minute to the last. */
export async function startSteady({ site, traffic }: { site: Site; traffic: Traffic }): Promise<void> {
  for (const node of site.steady) {
    const port = traffic.open("partners");
    const labels = { steady: "true" };
    const options = { name: `steady-${node}`, node, port, pool: "partners", everyMs: 1000, stays: true, labels };
    await apply(site.make.pod(options));
  }
  await steadyFine(site);
}

/** Resolves once every steady pod is Ready and its node leaves from an address of the pool, by the cloud's own record. */
function steadyFine(site: Site): Promise<unknown> {
  return until(
    "the steady pods are fine",
    async () => {
      const pods = (await site.pods()).filter((pod) => pod.name.startsWith("steady-") && pod.ready);
      if (pods.length !== site.steady.length) return `${pods.length} of ${site.steady.length} steady pods are Ready`;
      const held = new Set((await site.lab.poolAddresses("partners")).values());
      const bare = site.steady.filter((node) => !held.has(node));
      return bare.length === 0 ? { fine: true } : `no address: ${bare.join(", ")}`;
    },
    patienceSeconds,
  );
}

function webhookWhole(): Promise<unknown> {
  return until(
    "every replica of the webhook is ready",
    async () => {
      const at = ["-n", "static-egress", "deployment", "static-egress-webhook"];
      const { spec, status } = await get<{ spec: { replicas: number }; status: { readyReplicas?: number } }>(...at);
      return status.readyReplicas === spec.replicas ? { whole: true } : `${status.readyReplicas ?? 0} ready`;
    },
    patienceSeconds,
  );
}

let probes = 0;

/** A new pod, on a node of its own, is admitted, gets its address and starts. */
async function probe({ site, traffic }: { site: Site; traffic: Traffic }): Promise<void> {
  probes += 1;
  const name = `probe-${probes}`;
  const port = traffic.open("partners");
  const pod = site.make.pod({ name, node: site.probe, port, pool: "partners", everyMs: 1000 });
  await until("a new pod is admitted", async () => ({ out: await apply(pod) }), patienceSeconds);
  await until(
    "a new pod is Ready",
    async () => ((await site.pods()).some((found) => found.name === name && found.ready) ? { ready: true } : "not yet"),
    patienceSeconds,
  );
  await site.kube("delete", "pod", name, "--wait=false");
}

/** Resolves once all is well: steady pods, webhook, and a pod that is created now. Rejects with what is still missing. */
export async function repaired(at: { site: Site; traffic: Traffic }): Promise<void> {
  await Promise.all([steadyFine(at.site), webhookWhole(), probe(at)]);
}
