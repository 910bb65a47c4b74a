import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { buildPreviousSidecar, isCheckout, previous } from "../upgrade/build-previous.ts";
import { buildPrograms } from "./demo-build.ts";
import { type Scene, sidecarScene } from "./sidecar-scene.ts";

const redisUrl = inject("redisUrl");
const soon = { timeout: 10_000, interval: 30 };
const patient = { timeout: 25_000, interval: 200 };
if (!isCheckout) process.stderr.write("\nskipped: the previous version's sidecar needs git's history\n\n");

let now: string;
let before: string;
let scene: Scene;

/** The ledger and what the controller does are this version's. */
describe.skipIf(redisUrl === "" || !isCheckout)(`a sidecar of the previous version (${previous.slice(0, 7)})`, () => {
  beforeAll(async () => {
    [now, before] = await Promise.all([buildPrograms("sidecar"), buildPreviousSidecar()]);
  }, 60_000);
  beforeEach(async () => void (scene = await sidecarScene(now, redisUrl, 1)));
  afterEach(() => scene.close());

  const old = (podUid: string, node: string, directory: string) => scene.start(podUid, node, directory, {}, before);
  const held = async () => (await scene.snapshot()).leases.map(({ podUid }) => podUid).toSorted();
  const freeAfterSweep = async () => {
    await scene.sweep();
    return (await scene.snapshot()).attachments.every(({ node }) => node !== "node-1");
  };

  it(
    "attaches, shares with a new one, is replaced by a new one, and its address is given back",
    { timeout: 60_000 },
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

  it("waits in one queue with new ones, and is woken by them", { timeout: 60_000 }, async () => {
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
});
