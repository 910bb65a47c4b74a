import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { install } from "../install.ts";
import { get, kubectl, run } from "../support/kubectl.ts";
import { settings } from "../support/scene.ts";

interface Configuration {
  webhooks: { clientConfig: { caBundle?: string } }[];
}

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

describe("the overlays", () => {
  it.each(readdirSync("manifests/overlays"))("%s is taken by the API server without a warning", async (name) => {
    const rendered = await kubectl("kustomize", `manifests/overlays/${name}`);
    const said = await run("sh", ["-c", "kubectl apply --dry-run=server -f - 2>&1"], rendered);
    expect(said).not.toMatch(/warning|error/i);
    expect(said).toContain("mutatingwebhookconfiguration.admissionregistration.k8s.io/static-egress");
  });

  it.each(readdirSync("manifests/overlays"))("%s holds no key outside our namespace", async (name) => {
    const objects = parseAllDocuments(await kubectl("kustomize", `manifests/overlays/${name}`)).map(
      (document) => document.toJS() as { metadata: { namespace?: string } },
    );
    const keys = /REDIS_URL|secretRef|secretKeyRef|"kind":"Secret"/;
    const holders = objects.filter((object) => keys.test(JSON.stringify(object)));
    expect(holders.length).toBeGreaterThan(0);
    expect(new Set(holders.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["static-egress"]));
    expect(JSON.stringify(objects)).not.toContain("STATIC_EGRESS_MODE");
  });
});
