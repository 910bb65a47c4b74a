import { afterEach, describe, expect, it, vi } from "vitest";
import { createMemoryCloud } from "../../shared/clouds/memory/cloud.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import { EgressError, type ErrorCode } from "../../shared/errors.ts";
import { settlementOf } from "../../shared/leases/settlement.ts";
import { doubtMs, longestPaceMs } from "../../shared/ledger/times.ts";
import { createTurns } from "../../shared/leases/turn.ts";
import { work, type Workshop } from "../../shared/leases/worker.ts";
import type { Job, Settlement } from "../../shared/ledger/port.ts";
import { createMemoryLock } from "../../shared/lock/memory.ts";
import { createLogger } from "../../shared/log.ts";
import { pool } from "../support/ledger-cases.ts";

const job: Job = {
  kind: "attach",
  machine: { id: "n1", providerId: "memory:///n1" },
  node: "n1",
  pool: pool({ cloud: "memory", select: { addresses: ["203.0.113.1"] } }),
  address: { id: "203.0.113.1", ip: "203.0.113.1" },
  fence: "1.7",
  restoreEphemeral: true,
};

interface More {
  cloud?: Partial<Cloud>;
  extend?: Workshop["ledger"]["extend"];
  lock?: Workshop["lock"];
  waitMs?: number;
}

function shop(more: More = {}) {
  const waited: [string, number][] = [];
  const paused: [string, number][] = [];
  const addresses: boolean[] = [];
  const settled: [string, string, Settlement][] = [];
  let extensions = 0;
  const workshop: Workshop = {
    ledger: {
      extend: async (machine, fence) => {
        extensions += 1;
        return (await more.extend?.(machine, fence)) ?? true;
      },
      settle: async (...args) => {
        settled.push(args);
        return true;
      },
      penalize: async (bucket, _limits, pauseMs) => void paused.push([bucket, pauseMs]),
    },
    watch: {
      waited: (_job, why, ms) => void waited.push([why, ms]),
      publicAddress: (_job, there) => void addresses.push(there),
    },
    turns: createTurns({ pace: async () => paced(more.waitMs ?? 0) }),
    cloud: { ...createMemoryCloud(), ...more.cloud },
    lock: more.lock ?? createMemoryLock(),
    log: createLogger({ name: "test", level: "silent" }),
  };
  return { workshop, settled, waited, paused, addresses, extensions: () => extensions };
}

/** As the ledger answers one who asks. */
const paced = (waitMs: number) => ({ places: waitMs <= longestPaceMs ? 1 : 0, waitMs });

/** A cloud call that only its signal ends, as the port has it: the outcome is unknown then. */
const endless = (_pool: unknown, _assignment: unknown, signal?: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new EgressError("CLOUD_UNKNOWN", "not waited for", { cause: signal?.reason }));
    if (signal?.aborted === true) end();
    signal?.addEventListener("abort", end);
  });

/** The first extension, with which work begins, is granted; the rest is as given. */
function once(then: () => Promise<boolean>): Workshop["ledger"]["extend"] {
  let first = true;
  return () => {
    const answer = first ? Promise.resolve(true) : then();
    first = false;
    return answer;
  };
}

function putOffMs([first]: [string, string, Settlement][]): number {
  const settlement = first?.[2];
  if (settlement?.outcome !== "retry") throw new Error(`expected to be put off, got ${JSON.stringify(settlement)}`);
  return settlement.retryAfterMs;
}

describe("worker", () => {
  afterEach(() => void vi.useRealTimers());

  it("attaches and settles with the job's fence", async () => {
    const { workshop, settled } = shop();
    await work(job, workshop);
    expect(settled).toEqual([["n1", "1.7", { outcome: "attached", hadEphemeral: true }]]);
  });

  for (const outcome of ["detached", "kept", "absent"] as const) {
    it(`settles a detach as ${outcome} when the cloud says so`, async () => {
      const { workshop, settled } = shop({ cloud: { detach: async () => ({ outcome, egressIp: null }) } });
      await work({ ...job, kind: "detach" }, workshop);
      expect(settled[0]?.[2]).toEqual({ outcome });
    });
  }

  it("tells when the node's public address goes and comes back", async () => {
    const { workshop, addresses } = shop();
    await work(job, workshop);
    await work({ ...job, kind: "detach" }, workshop);
    expect(addresses).toEqual([false, true]);
  });

  it("extends its right while the cloud takes long, and no longer", async () => {
    vi.useFakeTimers();
    const slow = () =>
      new Promise<{ ip: string; hadEphemeral: boolean }>((resolve) => {
        setTimeout(() => resolve({ ip: "203.0.113.1", hadEphemeral: false }), 62_000);
      });
    const { workshop, settled, extensions } = shop({ cloud: { attach: slow } });
    const done = work(job, workshop);
    await vi.advanceTimersByTimeAsync(62_000);
    await done;
    expect(extensions()).toBeGreaterThanOrEqual(62 / 15);
    expect(settled[0]?.[2]).toMatchObject({ outcome: "attached" });
    const before = extensions();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(extensions()).toBe(before);
  });

  it("goes on when an extension did not reach the ledger", async () => {
    vi.useFakeTimers();
    const slow = () =>
      new Promise<{ ip: string; hadEphemeral: boolean }>((resolve) => {
        setTimeout(() => resolve({ ip: "203.0.113.1", hadEphemeral: false }), 12_000);
      });
    const { workshop, settled } = shop({
      cloud: { attach: slow },
      extend: once(() => Promise.reject(new Error("down"))),
    });
    const done = work(job, workshop);
    await vi.advanceTimersByTimeAsync(12_000);
    await done;
    expect(settled[0]?.[2]).toMatchObject({ outcome: "attached" });
  });

  it("stops when a newer fence has taken over", async () => {
    vi.useFakeTimers();
    const { workshop, settled } = shop({ cloud: { attach: endless }, extend: once(async () => false) });
    const done = work(job, workshop);
    await vi.advanceTimersByTimeAsync(6000);
    await done;
    expect(settled[0]?.[2]).toMatchObject({ outcome: "retry", code: "CLOUD_UNKNOWN" });
  });

  it("does not begin when a newer fence has taken over already", async () => {
    const attach = vi.fn<Cloud["attach"]>(endless);
    const { workshop, settled } = shop({ cloud: { attach }, extend: async () => false });
    await work(job, workshop);
    expect(attach).not.toHaveBeenCalled();
    expect(settled[0]?.[2]).toMatchObject({ outcome: "retry", code: "LOCK_LOST" });
  });

  it("knows by its own clock when its right has ended, before a change is made", async () => {
    vi.useFakeTimers();
    const told: (boolean | undefined)[] = [];
    const attach: Cloud["attach"] = async (_pool, { stillMine }) => {
      for (const waitMs of [14_000, 2_000]) {
        await new Promise((resolve) => {
          setTimeout(resolve, waitMs);
        });
        told.push(stillMine?.());
      }
      return { ip: "203.0.113.1", hadEphemeral: false };
    };
    const { workshop } = shop({ cloud: { attach }, extend: once(() => Promise.reject(new Error("down"))) });
    const done = work(job, workshop);
    await vi.advanceTimersByTimeAsync(16_000);
    await done;
    expect(told).toEqual([true, false]);
  });

  it("has no right any more once it is settled, whatever call still comes back", async () => {
    let mine: (() => boolean) | undefined;
    const attach: Cloud["attach"] = async (_pool, { stillMine }) => {
      mine = stillMine;
      expect(mine?.()).toBe(true);
      throw new EgressError("CLOUD_UNKNOWN", "not waited for");
    };
    await work(job, shop({ cloud: { attach } }).workshop);
    expect(mine?.()).toBe(false);
  });

  it("stops when it is told to, and leaves the rest to be read again", async () => {
    const { workshop, settled } = shop({ cloud: { detach: endless } });
    await work({ ...job, kind: "detach" }, workshop, AbortSignal.abort());
    expect(settled[0]?.[2]).toMatchObject({ outcome: "retry" });
  });

  it("does nothing while another holds the node's lock, and tries again later", async () => {
    const lock = createMemoryLock();
    const attach = vi.fn<Cloud["attach"]>(endless);
    const { workshop, settled } = shop({ lock, cloud: { attach } });
    await lock.using("n1", async () => void (await work(job, workshop)));
    expect(attach).not.toHaveBeenCalled();
    expect(settled[0]?.[2]).toMatchObject({ outcome: "retry", code: "LOCK_LOST" });
  });

  describe("when many work on one cloud account", () => {
    const onAws: Job = { ...job, pool: { ...job.pool, cloud: "aws", region: "eu-west-1" } };
    const attached = { ip: "203.0.113.1", hadEphemeral: true };

    it("waits for its turn before it takes the node's lock", async () => {
      const lock = createMemoryLock();
      const startedAt = performance.now();
      const lockedAfterMs: number[] = [];
      const using: typeof lock.using = (...args) => {
        lockedAfterMs.push(performance.now() - startedAt);
        return lock.using(...args);
      };
      const cloud = { attach: async () => attached };
      const { workshop, settled, waited } = shop({ lock: { ...lock, using }, waitMs: 40, cloud });
      await work(onAws, workshop);
      expect(lockedAfterMs).toEqual([expect.toSatisfy((ms: number) => ms >= 39)]);
      expect(settled[0]?.[2]).toMatchObject({ outcome: "attached" });
      expect(waited).toEqual([["paced", expect.toSatisfy((ms: number) => ms >= 39)]]);
    });

    it("puts the work off when its turn is too far away, and does nothing", async () => {
      const attach = vi.fn<Cloud["attach"]>(endless);
      const { workshop, settled, waited, paused } = shop({ waitMs: 5_001, cloud: { attach } });
      await work(onAws, workshop);
      expect(attach).not.toHaveBeenCalled();
      expect(settled[0]?.[2]).toMatchObject({ outcome: "retry", code: "CLOUD_THROTTLED" });
      const retryAfterMs = putOffMs(settled);
      expect(retryAfterMs).toBeGreaterThanOrEqual(5_001);
      expect(retryAfterMs).toBeLessThanOrEqual(10_002);
      expect(waited).toEqual([["paced", retryAfterMs]]);
      expect(paused).toEqual([]);
    });

    it("ends its waiting when it is told to stop", async () => {
      const { workshop, settled } = shop({ waitMs: 5_000 });
      await work(onAws, workshop, AbortSignal.timeout(10));
      expect(settled[0]?.[2]).toMatchObject({ outcome: "retry" });
    });

    it("makes the others slow down after a throttled answer, and says for how long it is put off", async () => {
      const attach = () => Promise.reject(new EgressError("CLOUD_THROTTLED", "RequestLimitExceeded"));
      const { workshop, settled, waited, paused } = shop({ cloud: { attach } });
      await work(onAws, workshop);
      const retryAfterMs = putOffMs(settled);
      expect(waited.at(-1)).toEqual(["throttled", retryAfterMs]);
      expect(paused).toEqual([["aws:eu-west-1", expect.closeTo(1500, -3)]]);
      await work(job, workshop);
      expect(paused).toHaveLength(1); // the memory cloud has no line
    });

    it("settles a throttled attempt although the others could not be told", async () => {
      const attach = () => Promise.reject(new EgressError("CLOUD_THROTTLED", "RequestLimitExceeded"));
      const { workshop, settled } = shop({ cloud: { attach } });
      const ledger = { ...workshop.ledger, penalize: () => Promise.reject(new Error("down")) };
      await work(onAws, { ...workshop, ledger });
      expect(settled[0]?.[2]).toMatchObject({ outcome: "retry", code: "CLOUD_THROTTLED" });
    });
  });

  it("rejects when the ledger cannot be told", async () => {
    const { workshop } = shop();
    const down = new EgressError("LEDGER_UNREACHABLE", "down");
    const ledger = { ...workshop.ledger, settle: () => Promise.reject(down) };
    await expect(work(job, { ...workshop, ledger })).rejects.toBe(down);
  });
});

describe("settlement", () => {
  const givenUp = { outcome: "failed", addressAtFault: false };
  const badAddress = { outcome: "failed", addressAtFault: true };
  const again = { outcome: "retry" };
  /** Every code of the cloud port, and the lock's. */
  const ofAttach = {
    ADDRESS_TAKEN: badAddress,
    ADDRESS_MISSING: badAddress,
    NODE_UNKNOWN: givenUp,
    NODE_OTHER_CLOUD: givenUp,
    NODE_OTHER_REGION: givenUp,
    NODE_PRIVATE: givenUp,
    NODE_FOREIGN_ADDRESS: givenUp,
    NODE_NOT_RUNNING: givenUp,
    NODE_WITHOUT_ADDRESS: again,
    CLOUD_DENIED: givenUp,
    CLOUD_CREDENTIALS: givenUp,
    CLOUD_REJECTED: givenUp,
    CLOUD_SELECT_INVALID: givenUp,
    CLOUD_THROTTLED: again,
    CLOUD_UNAVAILABLE: again,
    CLOUD_UNKNOWN: again,
    LOCK_LOST: again,
  } satisfies Partial<Record<ErrorCode, object>>;

  for (const [code, expected] of Object.entries(ofAttach) as [ErrorCode, object][]) {
    it(`of ${code}: ${JSON.stringify(expected)} for an attach; a detach is always tried again`, () => {
      const error = new EgressError(code, "what was seen");
      expect(settlementOf(error, "attach", 0)).toMatchObject({ ...expected, code, message: "what was seen" });
      expect(settlementOf(error, "detach", 0)).toMatchObject({ outcome: "retry", code, message: "what was seen" });
    });
  }

  it("of anything else: unknown", () => {
    expect(settlementOf(new TypeError("x is undefined"), "attach", 0)).toMatchObject({
      outcome: "retry",
      code: "CLOUD_UNKNOWN",
      message: "x is undefined",
    });
  });

  it("spreads retries, and is slower where only a person can help", () => {
    const after = (code: ErrorCode, random: number) =>
      settlementOf(new EgressError(code, ""), "detach", random) as { retryAfterMs: number };
    expect(after("CLOUD_UNKNOWN", 0.9).retryAfterMs).toBeGreaterThan(after("CLOUD_UNKNOWN", 0).retryAfterMs);
    expect(after("CLOUD_DENIED", 0).retryAfterMs).toBeGreaterThanOrEqual(10_000);
  });

  it("waits before a detach is asked again until what was asked before has come true or never will", () => {
    const unknown = new EgressError("CLOUD_UNKNOWN", "");
    expect(settlementOf(unknown, "detach", 0)).toMatchObject({ retryAfterMs: doubtMs });
    expect(settlementOf(unknown, "attach", 0)).toMatchObject({ retryAfterMs: 1_000 });
  });
});
