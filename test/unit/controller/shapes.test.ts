import { describe, expect, it } from "vitest";
import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { toPod } from "../../../webhook/controller/cluster/shapes.ts";

const status = (name: string, more: Partial<V1ContainerStatus>): V1ContainerStatus => {
  return { name, image: "i", imageID: "", ready: false, restartCount: 0, ...more };
};
const injected = (status: V1Pod["status"] = {}): V1Pod => ({
  metadata: { annotations: { "static-egress/pool": "partners" } },
  spec: { containers: [{ name: "app" }], initContainers: [{ name: "static-egress-lease", restartPolicy: "Always" }] },
  status,
});
const sidecarOf = (pod: V1Pod) => toPod(pod).sidecar;

describe("toPod", () => {
  describe("when the pod has no container of ours", () => {
    const bare = (annotations: Record<string, string>): V1Pod => ({
      metadata: { annotations },
      spec: { containers: [] },
    });

    it("is missing it when it asks for a pool, whatever else it claims", () => {
      expect(sidecarOf(bare({ "static-egress/pool": "partners", "static-egress/injected": "1" }))).toBe("missing");
    });

    it("needs none when it does not ask, or is to be left alone", () => {
      expect(sidecarOf(bare({}))).toBe("none");
      expect(sidecarOf(bare({ "static-egress/pool": "partners", "static-egress/inject": "false" }))).toBe("none");
    });
  });

  describe("when the pod has our sidecar", () => {
    it("waits until the sidecar has started", () => {
      expect(sidecarOf(injected())).toBe("waiting");
      const initContainerStatuses = [status("static-egress-lease", { started: false })];
      const containerStatuses = [status("app", { state: { waiting: { reason: "PodInitializing" } } })];
      expect(sidecarOf(injected({ initContainerStatuses, containerStatuses }))).toBe("waiting");
    });

    it("has started when the sidecar says so", () => {
      const initContainerStatuses = [status("static-egress-lease", { started: true })];
      expect(sidecarOf(injected({ initContainerStatuses }))).toBe("started");
    });

    it.each([
      ["runs", { state: { running: {} } }],
      ["has ended", { state: { terminated: { exitCode: 0 } } }],
      ["is about to run again", { state: { waiting: {} }, lastState: { terminated: { exitCode: 1 } } }],
    ])("has started when the app %s, though the sidecar is being restarted", (_, app) => {
      const initContainerStatuses = [status("static-egress-lease", { started: false })];
      const containerStatuses = [status("app", app)];
      expect(sidecarOf(injected({ initContainerStatuses, containerStatuses }))).toBe("started");
    });
  });
});
