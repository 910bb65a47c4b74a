import jsonPatch from "fast-json-patch";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { poolSchema } from "../../shared/pools/schema.ts";
import { admit } from "../../webhook/admission/admit.ts";
import { readReview, type AdmissionRequest } from "../../webhook/admission/review.ts";
import type { AdmissionSettings } from "../../webhook/admission/settings.ts";
import { sidecarSettings } from "../support/admission-settings.ts";
import { anyPod } from "../support/any-pod.ts";

const pool = (name: string, more: object = {}) =>
  poolSchema.parse({ name, cloud: "aws", region: "eu-west-1", select: { tags: { name } }, ...more });
const nodes = { nodeSelector: { egress: "static" }, tolerations: [{ key: "egress", operator: "Exists" }] };
const settings: AdmissionSettings = {
  pools: new Map([
    ["partners", pool("partners")],
    ["dedicated", pool("dedicated", { nodes, placement: "spread" })],
  ]),
  sidecar: sidecarSettings,
};

const request = (object: unknown): AdmissionRequest => ({
  uid: "1",
  kind: { group: "", version: "v1", kind: "Pod" },
  operation: "CREATE",
  namespace: "default",
  object,
});

function inject(pod: object): { operations: jsonPatch.Operation[]; applied: object; outcome: string } {
  const { decision, reply } = admit(request(pod), settings);
  const encoded = reply.response.patch;
  const operations =
    encoded === undefined ? [] : (JSON.parse(Buffer.from(encoded, "base64").toString()) as jsonPatch.Operation[]);
  return {
    operations,
    applied: jsonPatch.applyPatch(structuredClone(pod), operations, true).newDocument,
    outcome: decision.outcome,
  };
}

describe("admission", () => {
  describe("when a pod is injected", () => {
    it("keeps everything of the pod as it was, in its order", () => {
      let injected = 0;
      fc.assert(
        fc.property(anyPod, (pod) => {
          const before = structuredClone(pod);
          const { operations, applied, outcome } = inject(pod);
          if (outcome === "inject") injected++;
          expect(pod).toEqual(before);
          expect(operations.every(({ op }) => op === "add")).toBe(true);
          expect(missing(pod, applied, "")).toEqual([]);
        }),
      );
      expect(injected).toBeGreaterThan(20);
    });

    it("leaves the result alone the second time", () => {
      fc.assert(
        fc.property(anyPod, (pod) => {
          const { applied, outcome } = inject(pod);
          if (outcome !== "inject") return;
          const again = inject(applied);
          expect(again.outcome).toBe("skip");
          expect(again.operations).toEqual([]);
        }),
      );
    });

    it("starts before every container that is not a mesh's proxy", () => {
      fc.assert(
        fc.property(anyPod, (pod) => {
          const { applied, outcome } = inject(pod);
          if (outcome !== "inject") return;
          const names = (applied as { spec: { initContainers: { name: string }[] } }).spec.initContainers.map(
            (c) => c.name,
          );
          const ours = names.indexOf("static-egress-lease");
          expect(ours).toBeGreaterThanOrEqual(0);
          expect(ours === 0 || names[ours - 1] === "istio-proxy").toBe(true);
        }),
      );
    });
  });

  describe("when the object is junk", () => {
    it("answers skip or deny, and never throws", () => {
      fc.assert(
        fc.property(fc.anything(), (junk) => {
          expect(["skip", "deny"]).toContain(admit(request(junk), settings).decision.outcome);
        }),
      );
    });

    it("survives an annotated pod with junk in any place", () => {
      fc.assert(
        fc.property(anyPod, fc.jsonValue(), fc.nat(), (pod, junk, place) => {
          const spec = pod.spec as Record<string, unknown>;
          const keys = Object.keys(spec);
          spec[keys[place % keys.length] ?? "volumes"] = junk;
          expect(["inject", "skip", "deny"]).toContain(inject(pod).outcome);
        }),
      );
    });
  });
});

describe("readReview", () => {
  describe("when the body is junk", () => {
    it("throws REVIEW_INVALID and nothing else", () => {
      fc.assert(
        fc.property(fc.anything(), (junk) => {
          expect(() => readReview(junk)).toThrow(expect.objectContaining({ code: "REVIEW_INVALID" }));
        }),
      );
    });
  });
});

/** Paths of `before` that are not in `after` with the same value; lists keep their order, new entries may come between. */
function missing(before: unknown, after: unknown, path: string): string[] {
  if (before === null || before === undefined) return [];
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return [path];
    let from = 0;
    return before.flatMap((item, index) => {
      const found = after.findIndex((other, at) => at >= from && missing(item, other, "").length === 0);
      if (found < 0) return [`${path}/${index}`];
      from = found + 1;
      return [];
    });
  }
  if (typeof before !== "object") return Object.is(before, after) ? [] : [path];
  if (typeof after !== "object" || after === null) return [path];
  return Object.entries(before).flatMap(([key, value]) =>
    missing(value, (after as Record<string, unknown>)[key], `${path}/${key}`),
  );
}
