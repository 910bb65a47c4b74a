import { describe, expect, it } from "vitest";
import type { CloudNode } from "../../../shared/clouds/port.ts";
import { EgressError } from "../../../shared/errors.ts";
import { createSilentMachines } from "../../../webhook/controller/silent-machines.ts";
import { pool } from "../../support/ledger-cases.ts";

const machine = { id: "71", providerId: "gce://acme/europe-west1-b/n1" };
const node: CloudNode = { ...machine, running: false, egressIp: null, kind: "none", interfaces: 1 };

/** What is said of the machine when the cloud answers so. */
async function said(describeNode: () => Promise<CloudNode>): Promise<{ state: unknown; told: string[] }> {
  const told: string[] = [];
  const read = createSilentMachines({
    clouds: { forPool: async () => ({ describeNode }) },
    troubles: { tell: (_, message) => told.push(message) },
    signal: new AbortController().signal,
  });
  return { state: await read(pool(), machine), told };
}

describe("what the cloud says of a silent machine", () => {
  it("is whether it runs", async () => {
    expect(await said(async () => node)).toEqual({ state: "stopped", told: [] });
    expect(await said(async () => ({ ...node, running: true }))).toEqual({ state: "running", told: [] });
  });

  it("is that there is none", async () => {
    const gone = async () => Promise.reject(new EgressError("NODE_UNKNOWN", "no such machine"));
    expect(await said(gone)).toEqual({ state: "gone", told: [] });
  });

  it("is nothing when it speaks of another machine under that name, or fails", async () => {
    expect(await said(async () => ({ ...node, id: "72" }))).toEqual({ state: undefined, told: [] });
    const failed = async () => Promise.reject(new Error("no answer"));
    expect(await said(failed)).toEqual({ state: undefined, told: ["silent machine not read"] });
  });
});
