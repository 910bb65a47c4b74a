import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EgressError } from "../../shared/errors.ts";
import type { LeaseAnswer } from "../../shared/leases/port.ts";
import { createLogger } from "../../shared/log.ts";
import { type AgentOptions, startAgent } from "../../sidecar/agent.ts";
import type { PodState } from "../../sidecar/gate.ts";
import { claim, pool } from "../support/ledger-cases.ts";
import { scriptedLeases } from "../support/scripted-leases.ts";

const ip = "203.0.113.1";
const leaseMs = 60_000;
const attached = (more: Record<string, unknown> = {}): LeaseAnswer => ({
  status: "attached",
  ip,
  fence: "1.1",
  pool: pool(more),
  expiresAtMs: 0,
});
const exhausted = (position: number): LeaseAnswer => ({
  status: "waiting",
  reason: "exhausted",
  detail: "every address is in use",
  position,
  waiting: 3,
  pool: pool({ waitSeconds: 5 }),
});
const down = new EgressError("LEDGER_UNREACHABLE", "ledger command acquire: connect ECONNREFUSED");

function start(first: LeaseAnswer | Error, more: Partial<AgentOptions> = {}) {
  const leases = scriptedLeases(first);
  const states: PodState[] = [];
  const gate: string[] = [];
  const problems: { level: string; text: string }[] = [];
  const log = createLogger({ name: "test", level: "silent" });
  for (const level of ["warn", "error"] as const) {
    log[level] = (...args: unknown[]) => void problems.push({ level, text: String(args.at(-1)) });
  }
  const agent = startAgent({
    leases,
    claim: claim("pod-1", "node-1"),
    gate: {
      open: async (address) => void gate.push(address),
      openWithout: async () => void gate.push("without"),
      record: async (state) => void states.push(state),
    },
    verify: async () => null,
    onUnavailable: "wait",
    graceMs: 30_000,
    leaseMs,
    log,
    clock: () => Date.now(),
    random: () => 0.5,
    ...more,
  });
  const count = (name: string) => leases.calls.filter((call) => call === name).length;
  return { agent, leases, states, gate, problems, count, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

describe("agent", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  describe("when the pool is empty", () => {
    it("never ends and never opens, however long it takes", { timeout: 120_000 }, async () => {
      const { agent, pass, gate, count } = start(exhausted(2));
      let ended = false;
      void agent.done.finally(() => (ended = true));
      await pass(24 * 3600 * 1000);
      expect({ ended, gate }).toEqual({ ended: false, gate: [] });
      expect(count("acquire")).toBeGreaterThan(5000);
    });

    it("asks more often than the ledger forgets a waiter", async () => {
      const { leases, pass } = start(exhausted(2), { random: () => 0.999 });
      await pass(60_000);
      expect(Math.max(...leases.sleeps)).toBeLessThan(45_000);
    });

    it("says its place in the queue, and a new one", async () => {
      const { leases, pass, states } = start(exhausted(2));
      await pass(1);
      expect(states.at(-1)).toMatchObject({ phase: "waiting", reason: "exhausted", position: 2, ip: null });
      leases.answers.acquire = [exhausted(1)];
      leases.wake();
      await pass(1);
      expect(states.at(-1)).toMatchObject({ position: 1 });
    });

    it("takes the address at once when it is woken", async () => {
      const { leases, pass, gate } = start(exhausted(1));
      await pass(1);
      leases.answers.acquire = [attached()];
      leases.wake();
      await pass(1);
      expect(gate).toEqual([ip]);
    });

    it("gives its place back when it is stopped", async () => {
      const { agent, pass, leases } = start(exhausted(1));
      await pass(1);
      const stopping = agent.stop(1500);
      await pass(1);
      await stopping;
      await agent.done;
      expect(leases.calls).toEqual(["acquire", "release"]);
    });
  });

  describe("when nothing can be had and the pod proceeds", () => {
    it("opens without an address as soon as waitSeconds are over, not at the next look", async () => {
      const { pass, gate, states } = start(exhausted(1), { onUnavailable: "proceed" });
      await pass(4990);
      expect(gate).toEqual([]);
      await pass(20);
      expect(gate).toEqual(["without"]);
      expect(states.at(-1)).toMatchObject({ phase: "proceeding", reason: "exhausted" });
    });

    it("goes on trying, keeps saying so, and writes the address when it comes", async () => {
      const { leases, pass, gate, states } = start(exhausted(1), { onUnavailable: "proceed" });
      await pass(60_000);
      expect(gate).toEqual(["without"]);
      expect(states.at(-1)).toMatchObject({ phase: "proceeding" });
      leases.answers.acquire = [attached()];
      await pass(15_000);
      expect(gate).toEqual(["without", ip]);
      expect(states.at(-1)).toMatchObject({ phase: "held", ip });
    });

    it("opens after the usual waitSeconds where no ledger ever told the pool's", async () => {
      const { pass, gate } = start(down, { onUnavailable: "proceed" });
      await pass(299_000);
      expect(gate).toEqual([]);
      await pass(2000);
      expect(gate).toEqual(["without"]);
    });

    it("counts an address that nobody sees as unavailable", async () => {
      const seen = { problem: "saw 198.51.100.9" as string | null };
      const { pass, gate, states } = start(attached({ verify: "http://echo/", waitSeconds: 5 }), {
        onUnavailable: "proceed",
        verify: async () => seen.problem,
      });
      await pass(4000);
      expect(gate).toEqual([]);
      await pass(6000);
      expect(gate).toEqual(["without"]);
      expect(states.at(-1)).toMatchObject({ phase: "proceeding", detail: "saw 198.51.100.9" });
      seen.problem = null;
      await pass(5000);
      expect(gate).toEqual(["without", ip]);
    });
  });

  describe("when the pod waits", () => {
    it("never opens without an address, whatever fails", async () => {
      const { leases, pass, gate } = start(exhausted(1));
      leases.answers.acquire = [exhausted(1), down, new Error("boom"), exhausted(1)];
      await pass(3_600_000);
      expect(gate).toEqual([]);
    });
  });

  describe("when there is something to say of the pod", () => {
    it("says with every acquire that the app was started without its address, and no longer once it is there", async () => {
      const { leases, pass } = start(exhausted(1), { onUnavailable: "proceed" });
      await pass(1_000);
      expect(leases.note).toBeNull();
      await pass(400_000);
      expect(leases.note).toMatchObject({ kind: "proceeding" });
      leases.answers.acquire = [attached()];
      await pass(120_000);
      expect(leases.note).toBeNull();
    });

    it("says with every renewal that the address is not confirmed, and no longer once it is", async () => {
      const seen: { problem: string | null } = { problem: "saw 198.51.100.9" };
      const { leases, pass } = start(attached({ verify: "http://echo/" }), { verify: async () => seen.problem });
      await pass(30_000);
      expect(leases.note).toEqual({ kind: "unverified", detail: "saw 198.51.100.9" });
      seen.problem = null;
      await pass(60_000);
      expect(leases.note).toBeNull();
    });
  });

  describe("when the pool has a verify URL", () => {
    it("opens only after it has seen the address, and renews the lease meanwhile", async () => {
      const seen = { problem: "saw 198.51.100.9" as string | null };
      const { pass, gate, states, count } = start(attached({ verify: "http://echo/" }), {
        verify: async () => seen.problem,
      });
      await pass(90_000);
      expect(gate).toEqual([]);
      expect(states.at(-1)).toMatchObject({ phase: "verifying", ip, detail: "saw 198.51.100.9" });
      expect(count("renew")).toBeGreaterThanOrEqual(4);
      seen.problem = null;
      await pass(5000);
      expect(gate).toEqual([ip]);
    });

    it("does not spin while the address is lost before anybody saw it", async () => {
      const { leases, pass, gate, count } = start(attached({ verify: "http://echo/" }), { verify: async () => "no" });
      leases.answers.renew = [{ status: "renewed", ip: null, expiresAtMs: 0, late: false }];
      await pass(120_000);
      expect(count("renew")).toBeLessThan(10);
      expect(gate).toEqual([]);
    });

    it("does not write a new address that it has not seen", async () => {
      const seen = new Set([ip]);
      const { leases, pass, gate } = start(attached({ verify: "http://echo/" }), {
        verify: async (_url, address) => (seen.has(address) ? null : "not seen"),
      });
      leases.answers.renew = [{ status: "renewed", ip: "203.0.113.2", expiresAtMs: 0, late: false }];
      await pass(60_000);
      expect(gate).toEqual([ip]);
      seen.add("203.0.113.2");
      await pass(5000);
      expect(gate).toEqual([ip, "203.0.113.2"]);
    });
  });

  describe("when it holds", () => {
    it("renews at about a third of the lease's life", async () => {
      const { pass, count } = start(attached());
      await pass(10 * leaseMs);
      expect(count("renew")).toBeGreaterThanOrEqual(30);
      expect(count("renew")).toBeLessThanOrEqual(38);
    });

    it("acquires again when the ledger does not know the lease, and leaves the gate open", async () => {
      const { leases, pass, gate, states, count } = start(attached());
      await pass(1);
      leases.answers.renew = [{ status: "unknown" }];
      leases.answers.acquire = [exhausted(1)];
      await pass(25_000);
      expect(count("acquire")).toBeGreaterThanOrEqual(2);
      expect(gate).toEqual([ip]);
      expect(states.at(-1)).toMatchObject({ phase: "waiting", ip: null });
    });

    it("goes on renewing, slower and slower, while the ledger does not answer", async () => {
      const { leases, pass, gate, count, problems, states } = start(attached());
      leases.answers.renew = [down];
      await pass(600_000);
      expect(count("renew")).toBeGreaterThan(30);
      expect(count("renew")).toBeLessThan(100);
      expect(problems.at(-1)).toMatchObject({ level: "warn" });
      leases.answers.renew = [{ status: "renewed", ip, expiresAtMs: 0, late: true }];
      await pass(20_000);
      expect({ gate, acquired: count("acquire") }).toEqual({ gate: [ip], acquired: 1 });
      expect(states.at(-1)).toMatchObject({ phase: "held" });
    });

    it("says that the address is lost, and when it is back", async () => {
      const { leases, pass, states } = start(attached());
      leases.answers.renew = [{ status: "renewed", ip: null, expiresAtMs: 0, late: false }];
      await pass(21_000);
      expect(states.at(-1)).toMatchObject({ phase: "waiting", ip: null });
      leases.answers.renew = [{ status: "renewed", ip, expiresAtMs: 0, late: false }];
      await pass(21_000);
      expect(states.at(-1)).toMatchObject({ phase: "held", ip });
    });
  });

  describe("when the ledger cannot be used", () => {
    for (const code of ["LEDGER_UNREACHABLE", "LEDGER_READONLY", "LEDGER_FULL", "LEDGER_DENIED"] as const) {
      it(`waits and says ${code}`, async () => {
        const { leases, pass, states, gate } = start(exhausted(1));
        leases.answers.acquire = [new EgressError(code, "what Redis said")];
        leases.wake();
        await pass(60_000);
        expect(states.at(-1)).toMatchObject({ phase: "waiting", reason: code, detail: "what Redis said" });
        leases.answers.acquire = [attached()];
        await pass(16_000);
        expect(gate).toEqual([ip]);
      });
    }

    it("ends with the error when it is too old", async () => {
      const { agent, leases, pass } = start(exhausted(1));
      const ended = agent.done.then(
        () => "resolved",
        (error: EgressError) => error.code,
      );
      leases.answers.acquire = [new EgressError("LEDGER_TOO_OLD", "Redis 6.2.1 is too old")];
      await pass(15_000);
      await expect(ended).resolves.toBe("LEDGER_TOO_OLD");
    });
  });

  describe("when the pod drains", () => {
    it("marks the lease and does not end", async () => {
      const { agent, pass, states, leases } = start(attached());
      await pass(1);
      let ended = false;
      void agent.done.then(() => (ended = true));
      await agent.drain();
      await pass(100_000);
      expect(leases.calls).toContain("drain");
      expect(ended).toBe(false);
      expect(states.at(-1)).toMatchObject({ phase: "draining", ip });
    });

    it("may be told twice", async () => {
      const { agent, pass, states, count } = start(attached());
      await pass(1);
      await Promise.all([agent.drain(), agent.drain()]);
      expect(count("drain")).toBe(2);
      expect(states.filter(({ phase }) => phase === "draining")).toHaveLength(1);
    });

    it("is held again once it has acquired again", async () => {
      const { agent, pass, states, leases } = start(attached());
      await pass(1);
      await agent.drain();
      leases.answers.renew = [{ status: "unknown" }, { status: "renewed", ip, expiresAtMs: 0, late: false }];
      await pass(21_000);
      expect(states.at(-1)).toMatchObject({ phase: "held", ip });
    });

    it("tries again what did not reach the ledger", async () => {
      const { agent, pass, leases, count } = start(attached());
      await pass(1);
      leases.answers.drain = [down, down, undefined];
      const draining = agent.drain();
      await pass(5000);
      await draining;
      expect(count("drain")).toBe(3);
    });
  });

  describe("when it is stopped", () => {
    it("releases, and its life has ended", async () => {
      const { agent, pass, leases } = start(attached());
      await pass(1);
      const stopping = agent.stop(1500);
      await pass(1);
      await stopping;
      await agent.done;
      expect(leases.calls.at(-1)).toBe("release");
      await pass(120_000);
      expect(leases.calls).not.toContain("renew");
    });

    it("does not open the gate for an address that comes too late", async () => {
      const { agent, leases, pass, gate } = start(exhausted(1));
      let answer: (value: LeaseAnswer) => void = () => undefined;
      leases.answers.acquire = [() => new Promise<LeaseAnswer>((resolve) => (answer = resolve))];
      await pass(15_000);
      const stopping = agent.stop(1500);
      answer(attached());
      await pass(1);
      await stopping;
      expect({ gate, last: leases.calls.at(-1) }).toEqual({ gate: [], last: "release" });
    });

    it("releases in time though an acquire does not answer", async () => {
      const { agent, leases, pass } = start(exhausted(1));
      leases.answers.acquire = [() => new Promise<LeaseAnswer>(() => undefined)];
      await pass(15_000);
      const stopping = agent.stop(1500);
      await pass(1500);
      await stopping;
      expect(leases.calls.at(-1)).toBe("release");
    });

    it("tries a failed release again", async () => {
      const { agent, leases, pass, count, problems } = start(attached());
      await pass(1);
      leases.answers.release = [down, undefined];
      const stopping = agent.stop(1500);
      await pass(1500);
      await stopping;
      expect(count("release")).toBe(2);
      expect(problems).toEqual([{ level: "warn", text: "lease released: trying again" }]);
    });

    it("gives up in the time it has, with a record that says what ends the lease", async () => {
      const { agent, leases, pass, problems } = start(attached());
      await pass(1);
      leases.answers.release = [down, () => new Promise<void>(() => undefined)];
      const stopping = agent.stop(1500);
      await pass(1500);
      await stopping;
      expect(problems.at(-1)).toEqual({
        level: "error",
        text: "lease released: given up; the lease ends by its expiry",
      });
    });
  });
});
