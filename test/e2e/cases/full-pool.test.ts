import { describe, expect, it } from "vitest";
import { apply } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, lab, scene, sources, withLab } from "../support/scene.ts";
import { during } from "../support/wait.ts";

const enoughNodes = (await workers()).length > 2;
if (!enoughNodes) console.warn("e2e: the full-pool case needs a third node: skipped");

describe.runIf(withLab && enoughNodes)("a pool with fewer addresses than nodes", () => {
  const { kube, pod, pods, ready } = scene("full");

  it("lets the third node's pod wait, silent, and hands it the first address that is freed", async () => {
    const [first = "", second = "", third = ""] = await workers();
    const waits = freshPort();
    await apply(
      pod({ name: "first", node: first, pool: "billing", port: freshPort() }),
      pod({ name: "second", node: second, pool: "billing", port: freshPort() }),
    );
    await ready("first");
    await ready("second");
    const freed = await lab!.egressIp(first);
    await apply(pod({ name: "waits", node: third, pool: "billing", port: waits }));
    await during("a pod that got through wrongly would be up by then", 6000);
    expect(await sources(waits)).toEqual([]);
    const [waiting] = await pods("waits");
    expect(waiting?.status.phase).toBe("Pending");
    expect(waiting?.status.initContainerStatuses?.[0]?.restartCount).toBe(0);

    await kube("delete", "pod", "first");
    await ready("waits");
    expect(await lab!.egressIp(third)).toBe(freed);
    expect(await sources(waits)).toEqual([freed]);
  });
});
