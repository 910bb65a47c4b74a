import { describe, expect, it } from "vitest";
import { apply } from "../support/kubectl.ts";
import { workers } from "../support/nodes.ts";
import { freshPort, lab, scene, sources, withLab } from "../support/scene.ts";
import { until } from "../support/wait.ts";

describe.runIf(withLab)("three pods over two nodes", () => {
  const { pod, ready } = scene("share");

  it("share two addresses, and the very first packet of each leaves from its node's", async () => {
    const [first = "", second = ""] = await workers();
    const apps = [
      { name: "one", node: first, port: freshPort() },
      { name: "two", node: first, port: freshPort() },
      { name: "three", node: second, port: freshPort() },
    ];
    await apply(...apps.map((app) => pod({ ...app, pool: "partners" })));
    for (const { name } of apps) await ready(name);

    const pool = await lab!.poolAddresses("partners");
    const addressOf = new Map([...pool].filter(([, node]) => node !== null).map(([ip, node]) => [node, ip]));
    expect(new Set(addressOf.keys())).toEqual(new Set([first, second]));
    for (const { node, port } of apps) expect(await sources(port)).toEqual([addressOf.get(node)]);
  });
});

describe.runIf(withLab)("a node whose pods have all gone", () => {
  const { kube, pod, deployment, ready } = scene("release");

  it("gives the address back and still reaches the internet, from another one", async () => {
    const [node = ""] = await workers();
    const port = freshPort();
    await apply(deployment({ name: "shrinks", replicas: 2, node, pool: "partners", port }));
    await ready("shrinks", 2);
    const [address = ""] = await sources(port);
    await kube("scale", "deployment/shrinks", "--replicas=0");
    await until("the address is free", async () => {
      const holder = (await lab!.poolAddresses("partners")).get(address);
      return holder === null ? { free: true } : `${address} is on ${holder}`;
    });
    await until("the node has an address of its own again", async () => {
      const ip = await lab!.egressIp(node);
      return ip === null ? "none" : { ip };
    });

    const neighbour = freshPort();
    await apply(pod({ name: "neighbour", node, port: neighbour }));
    await ready("neighbour");
    const seen = await until("a packet of an ordinary pod on the node", async () => {
      const found = await sources(neighbour);
      return found.length > 0 ? found : "no packet";
    });
    expect((await lab!.poolAddresses("partners")).has(seen[0] ?? "")).toBe(false);
  });
});
