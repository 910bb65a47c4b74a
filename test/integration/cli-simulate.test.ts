import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { usualSidecar } from "../../cli/simulate/settings.ts";
import { parseConfig, sidecarSettings } from "../../webhook/config.ts";
import { builtCli } from "./cli-run.ts";

const { run } = builtCli();
const pools = fileURLToPath(new URL("../fixtures/admission/pools.yaml", import.meta.url));
let directory: string;

const template = (pool: string) => `metadata:
      annotations: { static-egress/pool: ${pool}, static-egress/typo: "1" }
    spec:
      containers: [{ name: app, image: app }]`;
const manifest = `apiVersion: v1
kind: ConfigMap
metadata: { name: other }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: biller, namespace: payments }
spec:
  template:
    ${template("partners")}
---
apiVersion: v1
kind: Pod
metadata: { name: plain }
spec:
  containers: [{ name: app, image: app }]
`;

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(directory, name), text);
  return join(directory, name);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "static-egress-simulate-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("static-egress simulate", () => {
  it("says what is added to a workload's pods and why, and that a pod without the annotation is left alone", async () => {
    const { code, out } = await run(["simulate", "-f", await file("a.yaml", manifest), "--pools", pools]);
    expect(code).toBe(0);
    const [deployment = "", plain] = out.split("\n\n");
    expect(deployment.split("\n").slice(0, 5)).toEqual([
      "Deployment biller in namespace payments: gets a lease sidecar",
      '  why:     the pod has static-egress/pool: "partners" (poolAsked)',
      "  warning: annotation static-egress/typo is not known to static-egress and has no effect",
      expect.stringMatching(/^@@ \/\S+ @@$/),
      expect.stringMatching(/^\+ /),
    ]);
    expect(deployment).toContain("@@ /spec/initContainers @@\n+ - name: static-egress-lease\n");
    expect(plain).toBe(
      "Pod plain in namespace default: is left as it is\n  why:     the pod has no annotation static-egress/pool (notAnnotated)\n",
    );
  });

  it("-o yaml: the pod as it would be created", async () => {
    const pod = `apiVersion: v1\nkind: Pod\n${template("partners").replaceAll(/^ {4}/gm, "")}\n`;
    const { out } = await run([
      "simulate",
      "-f",
      await file("b.yaml", pod),
      "--pools",
      pools,
      "-o",
      "yaml",
      "--image",
      "x:1",
    ]);
    expect(parse(out)).toMatchObject({
      metadata: { labels: { "static-egress/pool": "partners" } },
      spec: { initContainers: [{ name: "static-egress-lease", image: "x:1" }] },
    });
  });

  it("a pod that is refused: all reasons, and exit code 3", async () => {
    const pod = manifest.replace("partners", "billing").replace("namespace: payments", "namespace: shop");
    const { code, out } = await run(["simulate", "-f", await file("c.yaml", pod), "--pools", pools]);
    expect(code).toBe(3);
    expect(out).toMatch(
      /^Deployment biller in namespace shop: is refused\n {2}why: .*is not allowed.*\(poolNotAllowed\)\n/,
    );
  });

  it("authorize: rbac: the right is taken to be there, and how to see", async () => {
    const pod = manifest.replace("partners", "vault");
    const { out } = await run(["simulate", "-f", await file("d.yaml", pod), "--pools", pools]);
    expect(out).toContain("payments: gets a lease sidecar\n");
    expect(out).toContain(
      "kubectl auth can-i use egresspools.static-egress.io/vault --as=system:serviceaccount:payments:default",
    );
  });

  it.each([
    ["a manifest without a pod", "apiVersion: v1\nkind: ConfigMap\n", /it has no Pod/],
    ["what is no YAML", "a: [", /cannot be used/],
  ])("%s: exit code 2", async (_what, text, said) => {
    const ended = await run(["simulate", "-f", await file("e.yaml", text), "--pools", pools]);
    expect(ended.code).toBe(2);
    expect(ended.error).toMatch(said);
  });

  it("a file that is not there: exit code 2; wrong pools: exit code 1", async () => {
    const gone = await run(["simulate", "-f", "/nowhere.yaml", "--pools", pools]);
    expect([gone.code, gone.error]).toEqual([2, expect.stringContaining("ENOENT")]);
    const wrong = await run(["simulate", "-f", "-", "--pools", await file("pools.yaml", "pools: [{ name: A }]")]);
    expect([wrong.code, wrong.error]).toEqual([1, expect.stringContaining("POOLS_INVALID")]);
  });

  it("takes the webhook's own defaults", () => {
    const env = { REDIS_URL: "redis://redis:6379", STATIC_EGRESS_SIDECAR_IMAGE: usualSidecar.image };
    const ca = usualSidecar.leasesFrom.mode === "brokered" ? usualSidecar.leasesFrom.ca : "";
    expect(sidecarSettings(parseConfig(env), () => ca)()).toEqual(usualSidecar);
  });
});
