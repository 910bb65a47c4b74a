import type { CoreV1Api, CoreV1Event } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { reportEvent } from "../../../webhook/controller/cluster/events.ts";
import type { ClusterEvent } from "../../../webhook/controller/cluster/port.ts";

const about = { kind: "Pod", namespace: "apps", name: "web", uid: "uid" } as const;

describe("reportEvent", () => {
  it("writes what a pod says of itself as one line, at most 1,024 letters of it", async () => {
    const written: CoreV1Event[] = [];
    const api = {
      async createNamespacedEvent({ body }: { body: CoreV1Event }) {
        written.push(body);
        return body;
      },
    } as unknown as CoreV1Api;
    const said = `late\r\n  Normal  Killing\u001b[2J\u202e${"x".repeat(2000)}`;
    const event: ClusterEvent = { about, type: "Warning", reason: "EgressUnavailable", message: said };
    await reportEvent(api, event, new Date(0));
    expect(written[0]?.message).toBe(`late   Normal  Killing [2J ${"x".repeat(2000)}`.slice(0, 1024));
  });
});
