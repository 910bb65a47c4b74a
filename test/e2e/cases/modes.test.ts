import { afterAll, describe, expect, it } from "vitest";
import { install, namespaceOf } from "../install.ts";
import { apply } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, lab, scene, settings, sources, withLab } from "../support/scene.ts";

const other = { ...settings, mode: settings.mode === "direct" ? "brokered" : "direct" } as const;

describe.runIf(withLab)(`from ${settings.mode} to ${other.mode} mode`, () => {
  const { namespace, pod, ready, kube } = scene("modes");
  afterAll(() => install(settings));

  it("moves no address: pods of both share it, and whoever is last gives it back", async () => {
    const [node = ""] = await workers();
    const [first, second] = [freshPort(), freshPort()];
    await apply(pod({ name: "before", node, pool: "partners", port: first }));
    await ready("before");
    const address = await lab!.egressIp(node);

    await install(other);
    await apply(...namespaceOf(namespace, other));
    await apply(pod({ name: "after", node, pool: "partners", port: second }));
    await ready("after");
    expect(await lab!.egressIp(node)).toBe(address);
    await kube("delete", "pod", "before", "--wait=true");
    expect(await sources(first)).toEqual([address]);
    expect(await sources(second)).toEqual([address]);
    expect(await lab!.egressIp(node)).toBe(address);
  });
});
