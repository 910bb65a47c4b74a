import { describe, expect, it } from "vitest";
import { apply } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, isReady, lab, scene, sources, withLab, withMachines } from "../support/scene.ts";
import { until } from "../support/wait.ts";

describe.runIf(withLab)("a pod deleted by force", () => {
  const { kube, pod, ready } = scene("force");

  it("gives its address back though no hook ever ran", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(pod({ name: "forced", node, pool: "partners", port, stopAfterMs: 60_000 }));
    await ready("forced");
    const [address = ""] = await sources(port);
    await kube("delete", "pod", "forced", "--force", "--grace-period=0");
    await until("the address is free", async () => {
      const holder = (await lab!.poolAddresses("partners")).get(address);
      return holder === null ? { free: true } : `${address} is on ${String(holder)}`;
    });
    expect(await sources(port)).toEqual([address]);
  });
});

describe.runIf(withLab && withMachines)("a sidecar container that is killed", () => {
  const { pod, pods, ready } = scene("killed");

  it("comes back while the app runs on, from the same address all the time", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(pod({ name: "app", node, pool: "partners", port }));
    const [before] = await ready("app");
    const address = await lab!.egressIp(node);
    const id = before?.status.initContainerStatuses?.[0]?.containerID?.replace("containerd://", "") ?? "";
    await lab!.machine("shell", node, "ctr", "--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", id);
    const after = await until("the sidecar has started again and the pod is Ready", async () => {
      const [found] = await pods("app");
      const restarts = found?.status.initContainerStatuses?.[0]?.restartCount ?? 0;
      return found && restarts > 0 && isReady(found) ? found : `${restarts} restarts`;
    });
    expect(after.status.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(await lab!.egressIp(node)).toBe(address);
    expect(await sources(port)).toEqual([address]);
  });
});
