import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cloud } from "../../shared/clouds/port.ts";
import { EgressError } from "../../shared/errors.ts";
import type { Job } from "../../shared/ledger/port.ts";
import { createLogger } from "../../shared/log.ts";
import { type AddressDowntime, measureDowntime } from "../../webhook/address-downtime.ts";
import { pool } from "../support/ledger-cases.ts";

const job = (kind: Job["kind"], machine = "i-1"): Job => ({
  kind,
  machine: { id: machine, providerId: `aws:///eu-west-1a/${machine}` },
  node: machine,
  pool: pool(),
  address: { id: "a1", ip: "203.0.113.1" },
  fence: "1.1",
  restoreEphemeral: true,
});

describe("address downtime", () => {
  let downtime: AddressDowntime;
  let measured: string[];
  let standing: number;
  let looks: number;
  let found: () => Promise<{ egressIp: string | null }>;

  beforeEach(() => {
    vi.useFakeTimers();
    measured = [];
    standing = 0;
    looks = 0;
    found = async () => ({ egressIp: null });
    const describeNode = (): Promise<unknown> => {
      looks += 1;
      return found();
    };
    downtime = measureDowntime({
      clouds: { forPool: async () => ({ describeNode }) as unknown as Cloud },
      measured: ({ kind, machine }, ms) => void measured.push(`${kind} ${machine.id} ${Math.round(ms / 1000)} s`),
      standing: (_cloud, count) => {
        standing = count;
      },
      log: createLogger({ name: "test", level: "silent" }),
    });
  });
  afterEach(() => {
    downtime.close();
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("measures from when the address goes to when one is back", async () => {
    downtime.publicAddress(job("attach"), false);
    expect(standing).toBe(1);
    await pass(3_000);
    downtime.publicAddress(job("attach"), true);
    expect([measured, standing]).toEqual([["attach i-1 3 s"], 0]);
  });

  it("goes on over several attempts, under the name of the first", async () => {
    downtime.publicAddress(job("attach"), false);
    await pass(20_000);
    downtime.publicAddress(job("detach"), false);
    await pass(10_000);
    downtime.publicAddress(job("detach"), true);
    expect(measured).toEqual(["attach i-1 30 s"]);
  });

  it("sees an address that the cloud gave back by itself", async () => {
    downtime.publicAddress(job("detach"), false);
    await pass(3_500);
    found = async () => ({ egressIp: "198.18.0.1" });
    await pass(1_500);
    expect([measured, standing]).toEqual([["detach i-1 4 s"], 0]);
  });

  it("looks rarely at a node that stays without", async () => {
    downtime.publicAddress(job("detach"), false);
    await pass(600_000);
    expect(looks).toBeLessThan(30);
    const before = looks;
    await pass(600_000);
    expect(looks - before).toBeLessThanOrEqual(10);
    expect(standing).toBe(1);
  });

  it("forgets a machine that is gone, and goes on when the cloud does not answer", async () => {
    downtime.publicAddress(job("detach"), false);
    found = () => Promise.reject(new EgressError("CLOUD_UNAVAILABLE", "down"));
    await pass(5_000);
    expect(standing).toBe(1);
    found = () => Promise.reject(new EgressError("NODE_UNKNOWN", "terminated"));
    await pass(5_000);
    expect([measured, standing]).toEqual([[], 0]);
  });

  it("counts the nodes that stand without one", async () => {
    for (const machine of ["i-1", "i-2", "i-3"]) downtime.publicAddress(job("detach", machine), false);
    expect(standing).toBe(3);
    downtime.publicAddress(job("attach", "i-2"), true);
    expect(standing).toBe(2);
  });
});
