import { setTimeout as pause } from "node:timers/promises";
import { kubectl } from "../e2e/support/kubectl.ts";
import * as ours from "../e2e/support/ours.ts";
import { until } from "../e2e/support/wait.ts";
import type { Random } from "../simulation/random.ts";
import type { Site } from "./site.ts";
import type { Traffic } from "./traffic.ts";

export interface FaultTools {
  readonly site: Site;
  readonly traffic: Traffic;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Injects and, where it lasts, ends the fault; resolves when it is over, with what is to be done once all is well again. */
export type Fault = (tools: FaultTools) => Promise<(() => void) | void>;

const ready = (node: string) => kubectl("wait", `node/${node}`, "--for=condition=Ready", "--timeout=120s");
const seconds = (random: Random, low: number, high: number): number => random.between(low, high) * 1000;

async function powerCut({ site, random, signal }: FaultTools, node: string): Promise<void> {
  await site.lab.machine("kill", node);
  try {
    await pause(seconds(random, 10, 100), undefined, { signal });
  } finally {
    await site.lab.machine("start", node);
  }
  await ready(node);
}

/** A cloud's trouble that ends by itself. */
async function cloudTrouble({ site, random, signal }: FaultTools, fault: object): Promise<void> {
  const forMs = seconds(random, 10, 30);
  await site.lab.plan({ cloud: site.settings.cloud, ...fault, forMs });
  await pause(forMs, undefined, { signal });
}

const [attach, detach] = ["AssociateAddress", "DisassociateAddress"];
const [add, remove] = ["instances.addAccessConfig", "instances.deleteAccessConfig"];
const actions = (site: Site): string[] => (site.settings.cloud === "aws" ? [attach, detach] : [add, remove]);

async function nextCalls({ site, random }: FaultTools, fault: object): Promise<void> {
  const { cloud } = site.settings;
  for (const action of actions(site)) await site.lab.plan({ cloud, action, times: random.between(1, 3), ...fault });
}

/** Every kind of fault, by the name that the results show. */
export const faults: Readonly<Record<string, Fault>> = {
  "Redis flushed": async () => void (await ours.redis("FLUSHALL")),
  "Redis crashed": async () => {
    await ours.redis("SHUTDOWN", "NOSAVE").catch(() => "the connection ends with the server");
    await ours.whole(ours.redisDeployment);
  },
  "Redis stopped for a while": async ({ random, signal }) => {
    await kubectl("-n", "static-egress", "scale", ours.redisDeployment, "--replicas=0");
    await pause(seconds(random, 10, 60), undefined, { signal }).catch(() => undefined);
    await kubectl("-n", "static-egress", "scale", ours.redisDeployment, "--replicas=1");
    await ours.whole(ours.redisDeployment);
  },
  "webhook and Redis restarted, rolling": async () => {
    await Promise.all([ours.redisDeployment, ours.webhookDeployment].map(ours.restartRolling));
  },
  "all webhooks killed": async () => void (await ours.killAllWebhooks()),
  "active controller killed": async () => {
    const active = await until("a controller is active", async () => {
      const name = await ours.activeController();
      return name === undefined ? "none" : { name };
    });
    await ours.killOurs(active.name);
  },
  "node's power cut": async (tools) => powerCut(tools, tools.random.pick(tools.site.nodes.slice(1))),
  "power cut of the ledger's node": async (tools) => powerCut(tools, await ours.redisNode()),
  "node frozen": async ({ site, traffic, random, signal }) => {
    const node = random.pick(site.nodes);
    const unexpose = traffic.expose(node);
    await site.lab.machine("freeze", node);
    try {
      await pause(seconds(random, 5, 100), undefined, { signal });
    } finally {
      await site.lab.machine("thaw", node);
    }
    await ready(node);
    return unexpose;
  },
  "kubelet restarted": async ({ site, random }) => {
    const node = random.pick(site.nodes);
    await site.lab.machine("kubelet-restart", node);
    await ready(node);
  },
  "node drained": async ({ site, random }) => {
    const node = random.pick(site.contended.length > 0 ? site.contended : site.steady);
    const drain = ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s"];
    try {
      await kubectl(...drain);
    } finally {
      await kubectl("uncordon", node);
    }
  },
  "sidecar killed": async ({ site, random }) => {
    const pods = (await site.pods()).filter((pod) => pod.ready && pod.node !== null);
    const { name, node } = random.pick(pods);
    const path = "{.status.initContainerStatuses[0].containerID}";
    const id = (await site.kube("get", "pod", name, "-o", `jsonpath=${path}`)).replace("containerd://", "");
    const kill = ["ctr", "--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", id];
    await site.lab.machine("shell", node ?? "", ...kill);
  },
  "address taken off by hand": async ({ site, traffic, random }) => {
    const node = random.pick(site.steady);
    const unexpose = traffic.expose(node);
    await site.lab.detachByHand(node);
    return unexpose;
  },
  "cloud throttles": (tools) => cloudTrouble(tools, { kind: "throttle" }),
  "cloud out": (tools) =>
    cloudTrouble(tools, { kind: "outage", mode: tools.random.pick(["unavailable", "drop", "hang"]) }),
  "cloud's reads are old": (tools) => cloudTrouble(tools, { kind: "stale-reads", delayMs: 3000 }),
  "cloud is slow": (tools) => cloudTrouble(tools, { kind: "delay", delayMs: 4000 }),
  "cloud's answers are lost": (tools) => nextCalls(tools, { kind: "drop-after" }),
  "cloud refuses": (tools) =>
    nextCalls(tools, { kind: "error", code: tools.site.settings.cloud === "aws" ? "InternalError" : "backendError" }),
};
