import { describe, expect, it } from "vitest";
import { apply } from "../support/kubectl.ts";
import { spareNode, workers } from "../support/nodes.ts";
import { freshPort, lab, scene, settings, sources, withMachines } from "../support/scene.ts";
import { during } from "../support/wait.ts";

describe.runIf(withMachines)("a node that cannot reach the cloud's API", () => {
  const { pod, ready } = scene("cut-off");

  it("starts no app until the address is there, and then from it", async () => {
    const node = spareNode(await workers()) ?? "";
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
