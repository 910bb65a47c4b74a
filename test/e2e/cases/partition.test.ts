import { describe, expect, it } from "vitest";
import { kubectl } from "../support/kubectl.ts";
import { startLive } from "../support/live.ts";
import { spareNode, workers } from "../support/nodes.ts";
import { isReady, lab, scene, withMachines } from "../support/scene.ts";
import { until } from "../support/wait.ts";

const names = await workers();

describe.runIf(withMachines && names.length > 1)("a node that is cut off for longer than its leases live", () => {
  const at = scene("partition");

  it("loses its address; back again, its pod runs on and leaves from an address of the pool", async () => {
    const node = spareNode(names) ?? "";
    const [live] = await startLive(at, [node]);
    const { name, port, address } = live!;
    const boots = async () => (await at.pods(name))[0]?.status.containerStatuses?.[0]?.restartCount;
    expect(await boots()).toBe(0);

    await lab!.machine("freeze", node);
    try {
      await until(
        "the silent node's address is free",
        async () => {
          const holder = (await lab!.poolAddresses("partners")).get(address);
          return holder === null ? { free: true } : `${address} is on ${String(holder)}`;
        },
        90,
      );
    } finally {
      await lab!.machine("thaw", node);
    }
    const pool = new Set((await lab!.poolAddresses("partners")).keys());
    const now = await until(
      "the node has an address of the pool",
      async () => {
        const ip = await lab!.egressIp(node);
        return ip !== null && pool.has(ip) ? { ip, atMs: Date.now() } : `${ip}`;
      },
      60,
    );
    await kubectl("wait", `node/${node}`, "--for=condition=Ready", "--timeout=60s");
    await until("the pod is Ready and sends packets", async () => {
      const [pod] = await at.pods(name);
      const flows = (await lab!.flows(port)).filter((flow) => flow.timeMs > now.atMs + 1000);
      return pod && isReady(pod) && flows.length > 0 ? flows : `${flows.length} packets`;
    });
    expect(await boots()).toBe(0);
    const late = (await lab!.flows(port)).filter((flow) => flow.timeMs > now.atMs + 1000);
    expect([...new Set(late.map((flow) => flow.source))]).toEqual([now.ip]);
  });
});
