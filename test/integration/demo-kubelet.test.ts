import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKubelet, type Kubelet } from "../../cli/demo/kubelet.ts";
import { placed, podOf, type Pod } from "../../cli/demo/pod.ts";
import { createMemoryCluster, type MemoryCluster } from "../../webhook/controller/cluster/memory.ts";

interface Later<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function later<T>(): Later<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("the demo's kubelet", () => {
  let directory: string;
  let cluster: MemoryCluster;
  let kubelet: Kubelet;
  let calls: string[];
  /** Ends the container that runs now. */
  let die: (how: string) => void;
  let stopping: Later<void>;
  const pod: Pod = {
    ...placed(podOf("web-1", {}), "n1"),
    spec: { ...podOf("", {}).spec, nodeName: "n1", initContainers: [{ name: "static-egress-lease" }] },
  };
  const phases = () => kubelet.pods().map(({ phase, restarts }) => `${phase} ${restarts}`);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "static-egress-kubelet-"));
    cluster = createMemoryCluster();
    calls = [];
    stopping = later();
    kubelet = createKubelet({
      cluster,
      tokens: { of: () => "its token", withdraw: () => undefined },
      directory,
      say: () => undefined,
      async startSidecar() {
        calls.push("start");
        const exited = later<string>();
        die = exited.resolve;
        return {
          exited: exited.promise,
          kill: () => exited.resolve("SIGKILL"),
          drain: async () => void calls.push("drain"),
          async stop() {
            calls.push("stop");
            await stopping.promise;
            exited.resolve("exit code 0");
          },
        };
      },
    });
    await kubelet.start(pod);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("starts the app once the gate is open", async () => {
    expect(phases()).toEqual(["starting 0"]);
    await writeFile(join(directory, "web-1", "ready"), "");
    await expect.poll(phases).toEqual(["running 0"]);
  });

  it("starts a sidecar that ended again", async () => {
    die("exit code 1");
    await expect.poll(() => calls).toEqual(["start", "start"]);
    expect(phases()).toEqual(["starting 1"]);
  });

  it("drains, then stops; whoever deletes a pod again waits for its end, too", async () => {
    const first = kubelet.end("web-1", 0);
    const ended: string[] = [];
    const second = kubelet.end("web-1", 0).then(() => ended.push("second"));
    await expect.poll(() => calls).toEqual(["start", "drain", "stop"]);
    expect(ended).toEqual([]);
    expect(cluster.pod(pod.metadata.uid ?? "")).toBeDefined();
    stopping.resolve();
    await Promise.all([first, second]);
    expect(calls).toEqual(["start", "drain", "stop"]);
    expect(kubelet.pods()).toEqual([]);
    expect(cluster.pod(pod.metadata.uid ?? "")).toBeUndefined();
  });
});
