import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cloud, CloudNode } from "../../../shared/clouds/port.ts";
import { EgressError } from "../../../shared/errors.ts";
import { createMemoryLedger } from "../../../shared/ledger/memory/ledger.ts";
import type { Pool } from "../../../shared/pools/schema.ts";
import { createMemoryCluster } from "../../../webhook/controller/cluster/memory.ts";
import { startDirectory } from "../../../webhook/controller/directory.ts";
import { aPool } from "../../support/cluster/snapshots.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gcpPool = aPool({ cloud: "gcp", project: "proj", region: "europe-west1" });
const node = { name: "n", providerId: "gce://proj/europe-west1-b/n", region: null };

async function setUp(pools: readonly Pool[]) {
  const world = { pools };
  const cluster = createMemoryCluster();
  const ledger = createMemoryLedger();
  const ending = new AbortController();
  const describeNode = vi.fn<Cloud["describeNode"]>();
  const machine = (id: string): CloudNode => {
    return { id, providerId: node.providerId, running: true, egressIp: null, kind: "none", interfaces: 1 };
  };
  describeNode.mockImplementation(async () => machine("n.1"));
  cluster.setNode(node);
  const directory = await startDirectory({
    cluster,
    ledger,
    clouds: { forPool: async () => ({ describeNode }) as unknown as Cloud },
    pools: () => world.pools,
    log: pino({ level: "silent" }),
    troubles: { tell: () => undefined },
    seen: () => undefined,
    signal: ending.signal,
  });
  directory.rebuild([]);
  await directory.idle();
  const rows = async () => (await ledger.snapshot()).nodes.map(({ cloud, machine }) => `${cloud} ${machine.id}`);
  return { world, cluster, ledger, directory, describeNode, machine, rows };
}

describe("startDirectory", () => {
  describe("when a node is of GCE", () => {
    it("asks the cloud for its machine once, however often the node changes", async () => {
      const { cluster, directory, describeNode, rows } = await setUp([gcpPool]);
      cluster.setNode({ name: "n", ready: false });
      cluster.setNode({ name: "n", ready: true });
      await directory.idle();
      expect(describeNode).toHaveBeenCalledTimes(1);
      expect(await rows()).toEqual(["gcp n.1"]);
    });

    it("keeps its machine when the last pool of GCE leaves the file, with a new leader, too", async () => {
      const { world, directory, ledger, rows } = await setUp([gcpPool]);
      const before = (await ledger.snapshot()).nodes;
      const later = await setUp([]);
      for (const row of before) await later.ledger.putNode(row);
      later.directory.rebuild(before);
      await later.directory.idle();
      expect(await later.rows()).toEqual(["gcp n.1"]);
      world.pools = [];
      directory.refresh();
      await directory.idle();
      expect(await rows()).toEqual(["gcp n.1"]);
    });

    it("asks again when it has booted, as another machine may have taken its name", async () => {
      const { cluster, directory, describeNode, machine, rows } = await setUp([gcpPool]);
      describeNode.mockImplementation(async () => machine("n.2"));
      cluster.setNode({ name: "n", bootId: "2" });
      await directory.idle();
      expect(await rows()).toEqual(["gcp n.2"]);
    });

    it("is of another cloud for the pools there are, until there is a pool of GCP", async () => {
      const { world, directory, rows } = await setUp([aPool({ cloud: "aws" })]);
      expect(await rows()).toEqual(["other other/uid-n"]);
      world.pools = [gcpPool];
      directory.refresh();
      await directory.idle();
      expect(await rows()).toEqual(["gcp n.1"]);
    });
  });

  describe("when the only pools are in memory", () => {
    it("lets a node of any cloud play one of its machines, in the pool's region", async () => {
      const { ledger } = await setUp([aPool({ region: "demo" })]);
      const machine = { id: "n", providerId: "memory:///n" };
      expect((await ledger.snapshot()).nodes).toMatchObject([{ cloud: "memory", region: "demo", machine }]);
    });

    it("does not where a pool is of the node's own cloud", async () => {
      const { rows } = await setUp([aPool(), gcpPool]);
      expect(await rows()).toEqual(["gcp n.1"]);
    });
  });

  describe("when the cloud does not answer", () => {
    it("asks again later, and lists the node then", async () => {
      const { cluster, directory, describeNode, machine, rows } = await setUp([gcpPool]);
      describeNode.mockRejectedValueOnce(new EgressError("CLOUD_UNAVAILABLE", "no answer"));
      describeNode.mockImplementation(async () => machine("n.3"));
      cluster.setNode({ name: "n", bootId: "3" });
      await directory.idle();
      expect(await rows()).toEqual(["gcp n.1"]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await rows()).toEqual(["gcp n.3"]);
    });
  });

  describe("when the ledger lost everything", () => {
    it("puts all nodes again", async () => {
      const { ledger, directory, describeNode, rows } = await setUp([gcpPool]);
      await ledger.removeNode("n");
      directory.rebuild([]);
      await directory.idle();
      expect(describeNode).toHaveBeenCalledTimes(1);
      expect(await rows()).toEqual(["gcp n.1"]);
    });
  });
});
