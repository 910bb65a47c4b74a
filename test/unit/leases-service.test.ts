import { afterEach, describe, expect, it, vi } from "vitest";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import type { Job, Ledger } from "../../shared/ledger/port.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import { createLogger } from "../../shared/log.ts";
import { claim, inventory, node, pool } from "../support/ledger-cases.ts";

const log = createLogger({ name: "test", level: "silent" });
const never = new AbortController().signal;
const onNode1 = claim("pod-1", "n1");
const onNode2 = claim("pod-2", "n2");

/** One address, two nodes, and work that settles at once unless told otherwise. */
async function scene(more: { ledger?: Partial<Ledger>; lingerSeconds?: number; mayWork?: string[] } = {}) {
  const real = createMemoryLedger();
  await real.beat(null);
  await real.putPools([pool({ lingerSeconds: more.lingerSeconds ?? 0 })]);
  await real.putNode(node("n1"));
  await real.putNode(node("n2"));
  await real.putInventory("partners", inventory(1), (await real.now()) + 60_000);
  const ledger = { ...real, ...more.ledger };
  const jobs: { job: Job; signal: AbortSignal | undefined }[] = [];
  const worker = {
    async run(job: Job) {
      await real.settle(
        job.machine.id,
        job.fence,
        job.kind === "attach" ? { outcome: "attached", hadEphemeral: true } : { outcome: "detached" },
      );
    },
  };
  const work = async (job: Job, signal: AbortSignal | undefined) => {
    jobs.push({ job, signal });
    await worker.run(job);
  };
  const leases = createLeaseService({ ledger, work, mayWork: more.mayWork ?? ["aws"], leaseMs: 60_000, log });
  return { real, ledger, leases, jobs, worker };
}

describe("lease service", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("attaches for the first pod of a node, and not for the second", async () => {
    const { leases, jobs } = await scene();
    expect(await leases.acquire(onNode1)).toMatchObject({ status: "attached", ip: "203.0.113.1" });
    expect(await leases.acquire(claim("pod-1b", "n1"))).toMatchObject({ status: "attached", ip: "203.0.113.1" });
    expect(jobs).toHaveLength(1);
  });

  it("leaves the work of other clouds to the controller", async () => {
    const { leases, jobs } = await scene({ mayWork: [] });
    expect(await leases.acquire(onNode1)).toMatchObject({ status: "waiting", reason: "attaching" });
    expect(jobs).toEqual([]);
  });

  it("hears of an address that is freed between its question and its subscription", async () => {
    const { leases, real, ledger } = await scene();
    await leases.acquire(onNode1);
    const onWake = real.onWake.bind(real);
    ledger.onWake = async (podUid, wake) => {
      await leases.release("pod-1", 5000); // too early for the subscription to tell
      return onWake(podUid, wake);
    };
    expect(await leases.acquire(onNode2)).toMatchObject({ status: "attached" });
  });

  it("hears of an address that is freed while it does not sleep", async () => {
    const { leases } = await scene();
    await leases.acquire(onNode1);
    expect(await leases.acquire(onNode2)).toMatchObject({ status: "waiting", position: 1 });
    await leases.release("pod-1", 5000);
    const startedAt = performance.now();
    await leases.woken("pod-2", 10_000, never);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await leases.acquire(onNode2)).toMatchObject({ status: "attached" });
  });

  it("is woken from its sleep", async () => {
    const { leases } = await scene();
    await leases.acquire(onNode1);
    await leases.acquire(onNode2);
    const woken = leases.woken("pod-2", 10_000, never);
    await leases.release("pod-1", 5000);
    await woken;
    expect(await leases.acquire(onNode2)).toMatchObject({ status: "attached" });
  });

  it("waits by the clock alone where it cannot subscribe", async () => {
    const { leases, ledger } = await scene();
    await leases.acquire(onNode1);
    ledger.onWake = () => Promise.reject(new Error("NOPERM"));
    expect(await leases.acquire(onNode2)).toMatchObject({ status: "waiting" });
    const startedAt = performance.now();
    await leases.woken("pod-2", 60, never);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
  });

  it("no longer listens for pods that have not asked for as long as the ledger remembers them", async () => {
    const { leases, real, ledger } = await scene();
    const nowMs = vi.spyOn(performance, "now").mockReturnValue(0);
    const heard: string[] = [];
    ledger.onWake = async (podUid, wake) => {
      const off = await real.onWake(podUid, wake);
      return async () => {
        heard.push(podUid);
        await off();
      };
    };
    await leases.acquire(onNode1);
    for (const podUid of ["asking", "silent"]) await leases.acquire(claim(podUid, "n2"));
    nowMs.mockReturnValue(30_000);
    await leases.acquire(claim("asking", "n2"));
    nowMs.mockReturnValue(60_000);
    await leases.acquire(claim("new", "n2"));
    expect(heard).toEqual(["silent"]);
  });

  it("sleeps no longer when it is aborted", async () => {
    const { leases } = await scene();
    await leases.woken("pod-2", 10_000, AbortSignal.abort());
    const stopped = new AbortController();
    const woken = leases.woken("pod-2", 10_000, stopped.signal);
    stopped.abort();
    await woken;
    expect(stopped.signal.aborted).toBe(true);
  });

  it("takes no lease any more when it was stopped during the work", async () => {
    const { leases, worker, real } = await scene();
    const stopped = new AbortController();
    worker.run = async (job) => {
      await leases.release("pod-1", 0);
      await real.settle(job.machine.id, job.fence, { outcome: "attached", hadEphemeral: true });
      stopped.abort();
    };
    await expect(leases.acquire(onNode1, stopped.signal)).rejects.toThrow("aborted");
    expect((await real.snapshot()).leases).toEqual([]);
  });

  describe("when the last pod of a node is released", () => {
    it("detaches in the time that is left", async () => {
      const { leases, jobs, real } = await scene();
      await leases.acquire(onNode1);
      await leases.release("pod-1", 5000);
      expect(jobs.map(({ job }) => job.kind)).toEqual(["attach", "detach"]);
      expect(jobs[1]?.signal?.aborted).toBe(false);
      expect((await real.snapshot()).attachments).toEqual([]);
    });

    it("stops the detach when the time is over, and does not touch what the controller will find", async () => {
      const { leases, worker, real } = await scene();
      await leases.acquire(onNode1);
      worker.run = async () => undefined;
      const timeout = vi.spyOn(AbortSignal, "timeout");
      await leases.release("pod-1", 1800);
      expect(timeout.mock.calls[0]?.[0]).toBeLessThan(1800);
      expect((await real.snapshot()).attachments).toMatchObject([{ state: "detaching" }]);
    });

    it("takes what is left of a monotonic clock's time", async () => {
      const { leases, real } = await scene();
      await leases.acquire(onNode1);
      await leases.release("pod-1", 1799.4911550000002);
      expect((await real.snapshot()).leases).toEqual([]);
    });

    it("leaves the detach to the controller when no time is left", async () => {
      const { leases, jobs, real } = await scene();
      await leases.acquire(onNode1);
      await leases.release("pod-1", 100);
      expect(jobs).toHaveLength(1);
      const { attachments, leases: left, nowMs } = await real.snapshot();
      expect(left).toEqual([]);
      expect(attachments).toMatchObject([{ state: "attached" }]);
      expect(attachments[0]?.lingerUntilMs).toBeLessThanOrEqual(nowMs);
    });

    it("does not detach while the address lingers", async () => {
      const { leases, jobs } = await scene({ lingerSeconds: 30 });
      await leases.acquire(onNode1);
      await leases.release("pod-1", 5000);
      expect(jobs).toHaveLength(1);
    });
  });
});
