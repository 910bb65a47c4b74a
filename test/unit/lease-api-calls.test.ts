import { describe, expect, it } from "vitest";
import { backoffMs, pollMs } from "../../sidecar/pace.ts";
import { callLimit } from "../../webhook/lease-api/calls.ts";

/** What a sidecar asks in a window, with the shortest pauses that chance may give it. */
function calls(pauseMs: (nth: number) => number, each: number): number {
  let made = 0;
  for (let atMs = 0; atMs < callLimit.windowMs; atMs += pauseMs(made / each)) made += each;
  return made;
}

describe("callLimit", () => {
  it("is ten times what a sidecar makes whose acquires all fail, or that waits", () => {
    expect(calls((nth) => backoffMs(nth, 0), 1)).toBeLessThanOrEqual(callLimit.most / 10);
    expect(calls(() => pollMs("attaching", 0), 2)).toBeLessThanOrEqual(callLimit.most / 5);
  });
});
