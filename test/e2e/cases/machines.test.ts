import { describe, expect, it } from "vitest";
import { apply, get, kubectl } from "../support/kubectl.ts";
import { freshPort, lab, scene, settings, sources, withMachines, workers } from "../support/scene.ts";
import { during, until } from "../support/wait.ts";

/** A node that runs none of our own pods, so that cutting it off tests the sidecar alone; any, where each has one. */
async function farFromTheWebhook(): Promise<string> {
  const { items } = await get<{ items: { spec: { nodeName?: string } }[] }>("-n", "static-egress", "pods");
  const taken = new Set(items.map((pod) => pod.spec.nodeName));
  const nodes = await workers();
  return nodes.find((node) => !taken.has(node)) ?? nodes.at(-1) ?? "";
}

describe.runIf(withMachines)("a node whose power is cut", () => {
  const { pod, pods, ready } = scene("power");

  it("loses its address once it was silent for long enough; when it is back no app starts on a stale gate", async () => {
    const node = await farFromTheWebhook();
    const port = freshPort();
    await apply(pod({ name: "app", node, pool: "partners", port, stays: true }));
    await ready("app");
    const [before = ""] = await sources(port);
    const boots = await pods("app");

    await lab!.machine("kill", node);
    try {
      await until(
        "the silent node's address is free",
        async () => {
          const holder = (await lab!.poolAddresses("partners")).get(before);
          return holder === null ? { free: true } : `${before} is on ${String(holder)}`;
        },
        90,
      );
    } finally {
      await lab!.machine("start", node);
    }
    const backMs = Date.now();
    await until(
      "the app runs again",
      async () => {
        const [found] = await pods("app");
        const restarts = found?.status.containerStatuses?.[0]?.restartCount ?? 0;
        const flows = (await lab!.flows(port)).filter((flow) => flow.timeMs > backMs);
        return restarts > 0 && flows.length > 0 ? flows : `${restarts} restarts, ${flows.length} packets`;
      },
      120,
    );
    await kubectl("wait", `node/${node}`, "--for=condition=Ready", "--timeout=60s");
    await ready("app");
    const pool = await lab!.poolAddresses("partners");
    for (const source of await sources(port)) expect([...pool.keys()]).toContain(source);
    expect(await pods("app")).toHaveLength(boots.length);
  });
});

describe.runIf(withMachines)("a node that cannot reach the cloud's API", () => {
  const { pod, ready } = scene("cut-off");

  it("starts no app until the address is there, and then from it", async () => {
    const node = await farFromTheWebhook();
    const port = freshPort();
    const table = "static-egress-e2e";
    const api = new URL(
      settings.podEnvironment["AWS_ENDPOINT_URL_EC2"] ?? settings.podEnvironment["STATIC_EGRESS_GCE_ENDPOINT"] ?? "",
    );
    const rule = `ip daddr ${api.hostname} tcp dport ${api.port} drop`;
    const cut = `table inet ${table} {
      chain out { type filter hook output priority -10; ${rule}; }
      chain through { type filter hook forward priority -10; ${rule}; }
    }`;
    await lab!.machine("shell", node, "nft", cut);
    try {
      await apply(pod({ name: "app", node, pool: "partners", port }));
      await during("the attach is tried and cannot succeed from here", 8000);
      const address = [...(await lab!.poolAddresses("partners"))].find(([, holder]) => holder === node)?.[0];
      const seen = await sources(port);
      // The controller may have done the work from elsewhere: then the app may run, from the address and nothing else.
      expect(seen).toEqual(seen.length === 0 ? [] : [address]);
    } finally {
      await lab!.machine("shell", node, "nft", "delete", "table", "inet", table);
    }
    await ready("app", 1, 90);
    expect(await sources(port)).toEqual([await lab!.egressIp(node)]);
  });
});
