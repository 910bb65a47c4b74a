import { describe, expect, it } from "vitest";
import type { NodeEntry } from "../../../shared/ledger/records.ts";
import { changeOfEntry, placeOf, poolToAsk } from "../../../webhook/controller/machine.ts";
import { aPool } from "../../support/cluster/snapshots.ts";

describe("placeOf", () => {
  it.each([
    ["aws:///eu-west-1a/i-0abc", null, { cloud: "aws", region: "eu-west-1", id: "i-0abc" }],
    ["aws:///us-west-2-lax-1a/i-0abc", null, { cloud: "aws", region: "us-west-2", id: "i-0abc" }],
    ["aws:///eu-west-1a/i-0abc", "eu-central-1", { cloud: "aws", region: "eu-central-1", id: "i-0abc" }],
    ["gce://proj/europe-west1-b/n1", null, { cloud: "gcp", region: "europe-west1", project: "proj" }],
    ["memory:///n1", null, { cloud: "memory", region: "local", id: "n1" }],
    ["azure:///subscriptions/x", null, { cloud: "other" }],
    ["aws:///eu-west-1a/fargate-ip-10-0-0-1", null, { cloud: "other" }],
    [null, null, { cloud: "other" }],
  ])("reads %s with region label %s", (providerId, region, expected) => {
    expect(placeOf({ providerId, region })).toMatchObject(expected);
  });
});

describe("poolToAsk", () => {
  const gcp = (name: string, project: string, region: string) => aPool({ name, cloud: "gcp", project, region });

  it("prefers project and region, then project, then any pool of the cloud", () => {
    const pools = [aPool(), gcp("x", "p2", "r1"), gcp("y", "p1", "r2"), gcp("z", "p1", "r1")];
    expect(poolToAsk(pools, { project: "p1", region: "r1" })?.name).toBe("z");
    expect(poolToAsk(pools, { project: "p1", region: "r9" })?.name).toBe("y");
    expect(poolToAsk(pools, { project: "p9", region: "r9" })?.name).toBe("x");
    expect(poolToAsk([aPool()], { project: "p1", region: "r1" })).toBeUndefined();
  });
});

describe("changeOfEntry", () => {
  const entry: NodeEntry = {
    name: "a",
    uid: "u1",
    cloud: "aws",
    region: "eu-west-1",
    machine: { id: "i-1", providerId: "aws:///eu-west-1a/i-1" },
    ready: true,
  };

  it.each([
    ["is new", undefined, entry, ["put"]],
    ["is the same", entry, { ...entry }, []],
    ["is no longer Ready", entry, { ...entry, ready: false }, ["put"]],
    ["has another uid under the same name", entry, { ...entry, uid: "u2" }, ["remove", "put"]],
    ["has another machine", entry, { ...entry, machine: { ...entry.machine, id: "i-2" } }, ["remove", "put"]],
    ["is gone", entry, undefined, ["remove"]],
    ["never was", undefined, undefined, []],
  ])("when the node %s", (_, was, wanted, changes) => {
    expect(changeOfEntry(was, wanted)).toEqual(changes);
  });
});
