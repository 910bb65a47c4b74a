import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { pool } from "../support/ledger-cases.ts";
import { buildPreviousSidecar, hasPrevious, previous } from "../upgrade/build-previous.ts";
import { buildPrograms } from "./demo-build.ts";
import { type Scene, sidecarScene } from "./sidecar-scene.ts";

const redisUrl = inject("redisUrl");
const soon = { timeout: 30_000, interval: 30 };
const patient = { timeout: 60_000, interval: 200 };
if (!hasPrevious) {
  process.stderr.write(`\nskipped: the previous version's sidecar needs commit ${previous}: git fetch --unshallow\n\n`);
}

let now: string;
let before: string;
let scene: Scene;
const hinted = new Set<string>();

/** The ledger and what the controller does are this version's. */
describe.skipIf(redisUrl === "" || !hasPrevious)(`a sidecar of the previous version (${previous.slice(0, 7)})`, () => {
  beforeAll(async () => {
    [now, before] = await Promise.all([buildPrograms("sidecar"), buildPreviousSidecar()]);
  }, 60_000);
  beforeEach(async () => {
    scene = await sidecarScene(now, redisUrl, 1);
    hinted.clear();
    await scene.ledger.onChange((name) => (name === "" ? undefined : hinted.add(name)));
  });
  afterEach(() => scene.close());

  const machine = () => scene.world.nodes[0]?.id ?? "";
  const old = (podUid: string, node: string, directory: string) => scene.start(podUid, node, directory, {}, before);
  const held = async () => (await scene.snapshot()).leases.map(({ podUid }) => podUid).toSorted();
  const freeAfterSweep = async () => {
    const looked = [...hinted];
    hinted.clear();
    await scene.sweep(looked);
    return (await scene.snapshot()).attachments.every(({ node }) => node !== "node-1");
  };

  it(
    "attaches, shares with a new one, is replaced by a new one, and its address is given back",
    { timeout: 120_000 },
    async () => {
      const directory = await scene.runDirectory();
      const first = old("pod-1", "node-1", directory);
      await expect.poll(() => first.file("ready"), soon).toBe("203.0.113.10\n");
      const second = scene.start("pod-2", "node-1", await scene.runDirectory());
      await expect.poll(() => second.file("ready"), soon).toBe("203.0.113.10\n");
      expect(await held()).toEqual(["pod-1", "pod-2"]);

      expect(await second.end("SIGTERM")).toBe(0);
      expect(await held()).toEqual(["pod-1"]);
      first.process.kill("SIGUSR2");
      await expect.poll(async () => (await first.state())["phase"], soon).toBe("draining");
      expect(await first.end("SIGTERM")).toBe(0);
      expect(await held()).toEqual([]);
      await expect.poll(freeAfterSweep, patient).toBe(true);
    },
  );

  it("waits in one queue with new ones, and is woken by them", { timeout: 120_000 }, async () => {
    const first = scene.start("pod-1", "node-1", await scene.runDirectory());
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    const waiting = old("pod-2", "node-2", await scene.runDirectory());
    await expect
      .poll(() => waiting.state(), soon)
      .toMatchObject({ phase: "waiting", reason: "exhausted", position: 1 });
    const later = scene.start("pod-3", "node-2", await scene.runDirectory());
    await expect.poll(() => later.state(), soon).toMatchObject({ phase: "waiting", position: 2 });
    await first.end("SIGTERM");
    await expect.poll(freeAfterSweep, patient).toBe(true);
    await expect.poll(() => waiting.file("ready"), patient).toBe("203.0.113.10\n");
    await expect.poll(() => later.file("ready"), patient).toBe("203.0.113.10\n");
  });

  it("leaves an address that lingers to the controller", { timeout: 120_000 }, async () => {
    await scene.ledger.putPools([pool({ lingerSeconds: 2 })]);
    const first = old("pod-1", "node-1", await scene.runDirectory());
    await expect.poll(() => first.file("ready"), soon).not.toBe("");
    expect(await first.end("SIGTERM")).toBe(0);
    expect(await held()).toEqual([]);
    await expect.poll(freeAfterSweep, patient).toBe(true);
  });

  it(
    "is known to the inventory, and its lease is found when it expires, not before",
    { timeout: 120_000 },
    async () => {
      const more = { STATIC_EGRESS_LEASE_SECONDS: "6" };
      const first = scene.start("pod-1", "node-1", await scene.runDirectory(), more, before);
      await expect.poll(() => first.file("ready"), soon).not.toBe("");
      const address = scene.world.addresses[0];
      const rows = [{ id: address?.id ?? "", ip: address?.ip ?? "", attachedTo: machine() }];
      await scene.ledger.putInventory("partners", rows, (await scene.ledger.now()) + 60_000);
      const { addresses, leases } = await scene.snapshot();
      expect(addresses.map(({ state }) => state)).toEqual(["used"]);

      const endedMs = leases[0]?.expiresAtMs ?? Infinity;
      await expect.poll(async () => (await scene.ledger.now()) > endedMs, patient).toBe(true);
      const expired = async () => (await scene.ledger.due()).expired.map(({ podUid }) => podUid);
      expect(await expired()).toEqual([]);
      await first.end("SIGKILL");
      await expect.poll(expired, patient).toEqual(["pod-1"]);
    },
  );
});
