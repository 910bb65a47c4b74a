import { describe, expect, it } from "vitest";
import { install } from "../install.ts";
import { apply, get } from "../support/kubectl.ts";
import { freshPort, scene, settings } from "../support/scene.ts";

interface Configuration {
  webhooks: { clientConfig: { caBundle?: string } }[];
}

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

describe("applying the manifests again", () => {
  it("keeps the webhook's certificate authority", async () => {
    const bundle = async () =>
      (await get<Configuration>("mutatingwebhookconfiguration", "static-egress")).webhooks[0]?.clientConfig.caBundle;
    const before = await bundle();
    expect(before).toBeTruthy();
    await install(settings);
    expect(await bundle()).toBe(before);
  });
});
