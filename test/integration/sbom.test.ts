import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms } from "./demo-build.ts";

interface Sbom {
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

describe("the image's bill of materials", () => {
  const builds: string[] = [];
  let texts: string[];

  beforeAll(async () => {
    for (const _ of ["once", "again"]) builds.push(await buildPrograms("--sbom", "sidecar"));
    texts = await Promise.all(builds.map((build) => readFile(join(build, "dist/sidecar/sbom.cdx.json"), "utf8")));
  });
  afterAll(() => Promise.all(builds.map((build) => rm(build, { recursive: true }))));

  it("names what is in the bundles, and nothing else", () => {
    const { components } = JSON.parse(texts[0] ?? "") as Sbom;
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["node", "ioredis", "zod", "pino", "@aws-sdk/client-ec2"]));
    expect(names).not.toEqual(expect.arrayContaining(["fastify"]));
    expect(names).not.toEqual(expect.arrayContaining(["vitest"]));
    expect(components.every(({ version }) => /^\d+\.\d+/.test(version))).toBe(true);
  });

  it("is the same for the same sources, as the programs are", async () => {
    expect(texts[1]).toBe(texts[0]);
    const programs = builds.map((build) => readFile(join(build, "dist/sidecar/brokered.cjs"), "utf8"));
    const [first, second] = await Promise.all(programs);
    expect(second).toBe(first);
  });
});
