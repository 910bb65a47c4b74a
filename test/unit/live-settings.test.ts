import { describe, expect, it } from "vitest";
import { liveSettings } from "../../webhook/admission/live-settings.ts";
import { sidecarSettings } from "../support/admission-settings.ts";
import { pool } from "../support/ledger-cases.ts";

describe("liveSettings", () => {
  it("follows the pools and the sidecar's settings, and is the same object while neither changes", () => {
    let pools = [pool()];
    let sidecar = sidecarSettings;
    let changed = () => undefined as void;
    const source = {
      current: () => pools,
      subscribe(listener: () => void) {
        changed = listener;
        return () => undefined;
      },
    };
    const settings = liveSettings(source, () => sidecar);
    const first = settings();
    expect(settings()).toBe(first);

    sidecar = { ...sidecarSettings, leaseSeconds: 90 };
    expect(settings().sidecar.leaseSeconds).toBe(90);
    expect(settings()).toBe(settings());

    pools = [pool({ name: "internal" })];
    changed();
    expect([...settings().pools.keys()]).toEqual(["internal"]);
  });
});
