import { describe, expect, it } from "vitest";
import { apply, get } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, lab, scene, sources, withLab } from "../support/scene.ts";
import { until } from "../support/wait.ts";

const inUse = async () => [...(await lab!.poolAddresses("partners"))].filter(([, node]) => node !== null);

describe.runIf(withLab)("a Job", () => {
  const { namespace, job } = scene("job");

  it("completes, from the pool's address only, and its lease ends", async () => {
    const port = freshPort();
    await apply(job({ name: "report", pool: "partners", port, runForMs: 1500 }));
    await until("the Job has completed", async () => {
      const { status } = await get<{ status: { succeeded?: number } }>("-n", namespace, "job", "report");
      return status.succeeded === 1 ? status : JSON.stringify(status);
    });
    const seen = await sources(port);
    expect(seen).toHaveLength(1);
    expect((await lab!.poolAddresses("partners")).has(seen[0] ?? "")).toBe(true);
    await until("the address is free", async () => {
      const used = await inUse();
      return used.length === 0 ? used : JSON.stringify(used);
    });
  });
});

describe.runIf(withLab)("a rolling update", () => {
  const { kube, deployment, ready } = scene("rolling");

  it("keeps the address: no packet of old or new pods leaves from another", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(deployment({ name: "rolls", replicas: 2, node, pool: "partners", port }));
    await ready("rolls", 2);
    const before = await lab!.egressIp(node);
    await kube("rollout", "restart", "deployment/rolls");
    await kube("rollout", "status", "deployment/rolls", "--timeout=120s");
    await ready("rolls", 2);
    expect(await lab!.egressIp(node)).toBe(before);
    expect(await sources(port)).toEqual([before]);
  });
});

describe.runIf(withLab)("an app that uses its whole grace period", () => {
  const { kube, pod, ready } = scene("grace");

  it("keeps the address to its last packet", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(pod({ name: "stubborn", node, pool: "partners", port, graceSeconds: 8, stopAfterMs: 60_000 }));
    await ready("stubborn");
    const address = await lab!.egressIp(node);
    const askedMs = Date.now();
    await kube("delete", "pod", "stubborn", "--wait=true");
    expect(await sources(port)).toEqual([address]);
    const last = (await lab!.flows(port)).at(-1);
    expect((last?.timeMs ?? 0) - askedMs).toBeGreaterThan(7000);
  });
});
