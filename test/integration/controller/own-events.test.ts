import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryCluster } from "../../../webhook/controller/cluster/memory.ts";
import { createOwnEvents } from "../../../webhook/controller/own-events.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const cluster = createMemoryCluster();
  cluster.setPod({ uid: "u", namespace: "static-egress", name: "webhook-1" });
  const pod = { namespace: "static-egress", name: "webhook-1" };
  const { signal } = new AbortController();
  const events = createOwnEvents({ cluster, pod, troubles: { tell: () => undefined }, signal });
  return { cluster, events, told: () => cluster.events().map(({ message }) => message) };
}

describe("createOwnEvents", () => {
  it("tells the webhook's own pod once what is wrong, and again before the Event is forgotten", async () => {
    const { cluster, events, told } = setUp();
    events.set("EgressPoolsInvalid", "pools[0].region: missing");
    events.set("EgressPoolsInvalid", "pools[0].region: missing");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(cluster.events()).toMatchObject([
      { about: { kind: "Pod", name: "webhook-1", uid: "u" }, type: "Warning", reason: "EgressPoolsInvalid" },
    ]);
    await vi.advanceTimersByTimeAsync(2_900_000);
    expect(told()).toHaveLength(3);
  });

  it("tells another problem at once, and nothing once it is over", async () => {
    const { events, told } = setUp();
    events.set("EgressPoolsInvalid", "one");
    await vi.advanceTimersByTimeAsync(1_000);
    events.set("EgressPoolsInvalid", "two");
    await vi.advanceTimersByTimeAsync(1_000);
    events.set("EgressPoolsInvalid", null);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(told()).toEqual(["one", "two"]);
  });

  it("goes on trying while the API server is away", async () => {
    const { cluster, events, told } = setUp();
    vi.spyOn(cluster, "report").mockRejectedValueOnce(new Error("no answer"));
    events.set("EgressPoolsInvalid", "one");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told()).toEqual(["one"]);
  });
});
