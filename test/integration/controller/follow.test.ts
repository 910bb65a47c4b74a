import type { KubernetesListObject, V1Node } from "@kubernetes/client-node";
import { expect, it, onTestFinished, vi } from "vitest";
import { follow } from "../../../webhook/controller/cluster/follow.ts";
import { fakeApiServer } from "../../support/cluster/fake-api-server.ts";

it("goes on when a watch sends what is no event, as a proxy may, and says so", async () => {
  const node: V1Node = { metadata: { name: "n1", resourceVersion: "1" } };
  let sends: unknown = { proxy: "is tired" };
  const api = await fakeApiServer(() => ({ body: sends }));
  const stopping = new AbortController();
  onTestFinished(async () => {
    stopping.abort();
    await api.close();
  });
  const tell = vi.fn<(fields: object, message: string) => void>();
  const changed = vi.fn<(item: string) => void>();
  const list: KubernetesListObject<V1Node> = { items: [node], metadata: { resourceVersion: "1" } };
  const watched = await follow<V1Node, string>({
    config: api.config,
    path: "/api/v1/nodes",
    page: async () => list,
    shape: ({ metadata }) => `${metadata?.name}.${metadata?.resourceVersion}`,
    keyOf: (item) => item.split(".")[0] ?? "",
    watcher: { changed, removed: () => undefined },
    troubles: { tell },
    signal: stopping.signal,
  });
  expect([...watched.list()]).toEqual(["n1.1"]);
  await vi.waitFor(() =>
    expect(tell).toHaveBeenCalledWith(
      { path: "/api/v1/nodes", error: '{"proxy":"is tired"}' },
      "a watch sent a line that is no event",
    ),
  );
  sends = { type: "MODIFIED", object: { metadata: { name: "n1", resourceVersion: "2" } } };
  await vi.waitFor(() => expect(changed).toHaveBeenCalledWith("n1.2"), 10_000);
});
