import { describe, expect, it } from "vitest";
import { apply } from "../support/kubectl.ts";
import { freshPort, scene } from "../support/scene.ts";

describe("pods without the annotation", () => {
  const { pod, pods, ready } = scene("untouched");

  it("are left as they were written", async () => {
    const written = pod({ name: "plain", port: freshPort() });
    await apply(written);
    await ready("plain");
    const [found] = await pods("plain");
    expect(found?.spec).not.toHaveProperty("initContainers");
    expect(found?.metadata).toHaveProperty("labels", written.metadata.labels);
    expect(found?.metadata).not.toHaveProperty("annotations.static-egress/injected");
  });
});
