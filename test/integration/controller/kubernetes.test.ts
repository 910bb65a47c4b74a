import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { createKubernetesCluster } from "../../../webhook/controller/cluster/kubernetes.ts";
import { fakeApiServer, type Asked } from "../../support/cluster/fake-api-server.ts";

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function clusterThat(answer: (asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const server = await fakeApiServer((request) => {
    asked.push(request);
    return { body: answer(request) };
  });
  ({ close } = server);
  const log = pino({ level: "silent" });
  const cluster = createKubernetesCluster({ config: server.config, namespace: "ours", clock: Date.now, log });
  return { cluster, asked };
}

const pod = (name: string, annotations?: Record<string, string>) => {
  return { metadata: { name, namespace: "shop", uid: `uid-${name}`, annotations } };
};

describe("createKubernetesCluster", () => {
  describe("listUninjected", () => {
    const pages: Record<string, unknown> = {
      "": {
        metadata: { continue: "more" },
        items: [
          pod("plain"),
          pod("lacking", { "static-egress/pool": "partners" }),
          pod("injected", { "static-egress/pool": "partners", "static-egress/injected": "1" }),
        ],
      },
      more: {
        metadata: {},
        items: [
          pod("left alone", { "static-egress/pool": "partners", "static-egress/inject": "false" }),
          pod("on the next page", { "static-egress/pool": "partners" }),
        ],
      },
    };

    it("finds the pods that ask and were never injected, on every page", async () => {
      const { cluster } = await clusterThat(({ query }) => pages[query.get("continue") ?? ""]);
      const found = await cluster.listUninjected();
      expect(found).toEqual([
        { uid: "uid-lacking", namespace: "shop", name: "lacking" },
        { uid: "uid-on the next page", namespace: "shop", name: "on the next page" },
      ]);
    });

    it("asks for the metadata alone, and not for pods that have ended", async () => {
      const { cluster, asked } = await clusterThat(({ query }) => pages[query.get("continue") ?? ""]);
      await cluster.listUninjected();
      expect(asked).toHaveLength(2);
      for (const { path, accept, query } of asked) {
        expect(path).toBe("/api/v1/pods");
        expect(accept).toContain("as=PartialObjectMetadataList");
        expect(query.get("fieldSelector")).toBe("status.phase!=Succeeded,status.phase!=Failed");
        expect(query.get("limit")).toBe("500");
      }
    });
  });

  describe("ignoredNamespaces", () => {
    it("are those that opted out, kube-system and our own", async () => {
      const { cluster, asked } = await clusterThat(() => ({ metadata: {}, items: [{ metadata: { name: "legacy" } }] }));
      expect([...(await cluster.ignoredNamespaces())].toSorted()).toEqual(["kube-system", "legacy", "ours"]);
      expect(asked[0]?.query.get("labelSelector")).toBe("static-egress/ignore=true");
    });
  });
});
