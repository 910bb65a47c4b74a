import { describe, expect, it } from "vitest";
import { environmentOf } from "../../cli/demo/container-environment.ts";
import { picture } from "../../cli/demo/picture.ts";
import { placed, podOf, type LabelTerm, type Pod } from "../../cli/demo/pod.ts";
import { nodeFor } from "../../cli/demo/scheduler.ts";
import { emptyState, putNode } from "../../shared/clouds/memory/state.ts";
import { aLease, anAttachment, aSnapshot, aWaiter } from "../support/cluster/snapshots.ts";

const term = (operator: string, values?: string[]): LabelTerm["labelSelector"]["matchExpressions"][number] => ({
  key: "static-egress/pool",
  operator,
  ...(values === undefined ? {} : { values }),
});

/** As the webhook makes one. */
function injected(name: string, pool: string, placement: "podAffinity" | "podAntiAffinity" = "podAffinity"): Pod {
  const pod = podOf(name, {});
  const others = { labelSelector: { matchExpressions: [term("Exists"), term("NotIn", [pool])] } };
  const same = { labelSelector: { matchExpressions: [term("In", [pool])] } };
  const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: same }] };
  const required = { requiredDuringSchedulingIgnoredDuringExecution: [others] };
  const affinity =
    placement === "podAffinity"
      ? { podAffinity: preferred, podAntiAffinity: required }
      : { podAntiAffinity: { ...required, ...preferred } };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { "static-egress/pool": pool } },
    spec: { ...pod.spec, affinity },
  };
}

describe("nodeFor", () => {
  const nodes = ["n1", "n2"];
  const running = [placed(injected("a", "partners"), "n1")];

  it("packs pods of a pool together", () => {
    expect(nodeFor(injected("b", "partners"), nodes, running, 2)).toBe("n1");
  });
  it("spreads those that ask for it", () => {
    expect(nodeFor(injected("b", "partners", "podAntiAffinity"), nodes, running, 2)).toBe("n2");
  });
  it("keeps pools apart, if need be by no node at all", () => {
    expect(nodeFor(injected("b", "other"), nodes, running, 2)).toBe("n2");
    expect(nodeFor(injected("b", "other"), ["n1"], running, 2)).toBeUndefined();
  });
  it("leaves a full node alone", () => {
    expect(nodeFor(injected("b", "partners"), nodes, running, 1)).toBe("n2");
    expect(nodeFor(injected("b", "partners"), ["n1"], running, 1)).toBeUndefined();
  });
});

describe("environmentOf", () => {
  const pod = placed(podOf("web-1", {}), "n1");
  const field = (fieldPath: string) => ({ name: "FIELD", valueFrom: { fieldRef: { fieldPath } } });

  it("takes the container's own, and fields of the pod", () => {
    const container = { name: "c", env: [{ name: "A", value: "own" }, field("spec.nodeName")] };
    expect(environmentOf(container, pod)).toEqual({ A: "own", FIELD: "n1" });
  });
  it("refuses a field that is not there", () => {
    expect(() => environmentOf({ name: "c", env: [field("spec.hostIP")] }, pod)).toThrow(/no field spec.hostIP/);
  });
});

describe("picture", () => {
  it("shows pool, nodes as the cloud has them, pods with their state, and the story", () => {
    const cloud = emptyState();
    Object.assign(putNode(cloud, { name: "n1" }), { egressIp: "203.0.113.1", kind: "reserved" });
    const [held, waits] = ["web-1", "web-2"].map((name) => placed(podOf(name, {}), "n1"));
    const uidOf = (pod: Pod | undefined) => pod?.metadata.uid ?? "";
    const machine = { id: "n1", providerId: "memory:///n1" };
    const snapshot = aSnapshot({
      nodes: [{ name: "n1", uid: "u", cloud: "memory", region: "local", ready: true, machine }],
      attachments: [anAttachment("n1", "203.0.113.1")],
      leases: [aLease(uidOf(held), "n1")],
      waiters: [aWaiter(uidOf(waits), "n1")],
    });
    const pods = [held, waits].flatMap((pod) => (pod === undefined ? [] : [{ pod, restarts: 0 }]));
    const facts = { snapshot, cloud, pods: pods.map((entry) => ({ ...entry, phase: "running" as const })) };
    const lines = picture(facts, ["heading"], ["it happened"], (_style, text) => text).split("\n");
    expect(lines[0]).toBe("heading");
    for (const line of [
      /^partners +0 +0 +1 +1 +1$/,
      /^n1 +203.0.113.1 +attached +1$/,
      /^web-1 +n1 +held +203.0.113.1 +1m$/,
      /^web-2 +n1 +waiting #1 +10s$/,
      /^it happened$/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(line));
    }
  });
});
