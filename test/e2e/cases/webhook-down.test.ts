import { afterAll, describe, expect, it } from "vitest";
import { apply, kubectl } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, lab, scene, sources, withLab } from "../support/scene.ts";
import { during, until } from "../support/wait.ts";

const deployment = ["-n", "static-egress", "deployment/static-egress-webhook"] as const;

async function comesBack(): Promise<void> {
  await kubectl("scale", ...deployment, "--replicas=2");
  await kubectl("rollout", "status", ...deployment, "--timeout=90s");
}

describe.runIf(withLab)("a webhook that is down", () => {
  const { pod, ready, kube } = scene("webhook-down");
  afterAll(comesBack);

  it("refuses annotated pods, leaves others and running ones alone, and takes up its work when it is back", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(pod({ name: "before", node, pool: "partners", port }));
    await ready("before");
    const address = await lab!.egressIp(node);

    await kubectl("scale", ...deployment, "--replicas=0");
    await kubectl(
      "-n",
      "static-egress",
      "wait",
      "pod",
      "-l",
      "app.kubernetes.io/name=static-egress-webhook",
      "--for=delete",
      "--timeout=60s",
    );
    const late = pod({ name: "late", node, pool: "partners", port: freshPort() });
    await expect(apply(late)).rejects.toThrow(/pods\.static-egress\.io/);
    await apply(pod({ name: "plain", node, port: freshPort() }));
    await ready("plain");
    await during("several renewals pass without a webhook", 5000);
    expect(await lab!.egressIp(node)).toBe(address);

    await comesBack();
    // Endpoints take a moment longer than readiness to reach the API server.
    await until("an annotated pod is admitted", async () => ({ out: await apply(late) }), 20);
    await ready("late");
    expect(await lab!.egressIp(node)).toBe(address);
    expect(await sources(port)).toEqual([address]);
    await kube("delete", "pod", "before", "late", "plain");
  });
});
