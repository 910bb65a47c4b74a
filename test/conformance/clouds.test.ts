import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { awsCallCases } from "../support/clouds/aws-suite.ts";
import { gcpSwapCases } from "../support/clouds/gcp-suite.ts";
import { awsTraits, gcpTraits, overBackend, startFake } from "../support/clouds/harness.ts";
import { memoryTraits, startMemory } from "../support/clouds/memory-harness.ts";
import { awsPermissions, gcpPermissions, neededFor } from "../support/clouds/permissions.ts";
import { cloudConformance } from "../support/clouds/suite.ts";
import { worldOf } from "../support/clouds/world.ts";

const seen = { aws: new Set<string>(), gcp: new Set<string>() };
const startAws = async () => overBackend("aws", await startFake(worldOf("aws")));
const startGcp = async () => overBackend("gcp", await startFake(worldOf("gcp")));

cloudConformance(memoryTraits, startMemory);
cloudConformance(awsTraits, startAws, (action) => seen.aws.add(action));
cloudConformance(gcpTraits, startGcp, (action) => seen.gcp.add(action));
awsCallCases(startAws);
gcpSwapCases(startGcp, (action) => seen.gcp.add(action));

/** Runs last, over the calls of all the cases above: run alone it fails. */
describe("the rights in the manifests", () => {
  it("are what the AWS adapter's calls need, no less and no more", async () => {
    const text = await readFile("manifests/overlays/aws/iam-policy.json", "utf8");
    const policy = JSON.parse(text) as { Statement: { Effect: string; Action: string[] }[] };
    expect(policy.Statement.every(({ Effect }) => Effect === "Allow")).toBe(true);
    const allowed = policy.Statement.flatMap(({ Action }) => Action).toSorted();
    expect(allowed).toEqual(neededFor(seen.aws, awsPermissions));
  });

  it("are what the GCP adapter's calls need, no less and no more", async () => {
    const role = parse(await readFile("manifests/overlays/gcp/role.yaml", "utf8")) as { includedPermissions: string[] };
    expect(role.includedPermissions.toSorted()).toEqual(neededFor(seen.gcp, gcpPermissions));
  });
});
