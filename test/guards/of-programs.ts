import { complaint, matrix, tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const worker = (name = "") => tests("unit", "test/unit/leases-worker.test.ts", name);

/** Guards of the agent, the worker and the controller. */
export const programGuards: readonly Guard[] = [
  {
    name: "worker: an actor that stood still changes nothing",
    file: "shared/leases/worker.ts",
    guard: "performance.now() < mineUntilMs && !lost.signal.aborted",
    without: "mineUntilMs >= 0",
    finder: worker("by its own clock"),
  },
  {
    name: "worker: the node's lock",
    file: "shared/leases/worker.ts",
    guard: "lock.using(job.machine.id, async (held) => {",
    without: "(async (held: AbortSignal) => {",
    finder: worker("lock"),
  },
  {
    name: "worker: work stops when a newer fence has taken over",
    file: "shared/leases/worker.ts",
    guard: "lost.signal.throwIfAborted();",
    without: "",
    finder: worker(),
  },
  {
    name: "worker: pacing: a turn that is far off is not waited for with work begun",
    file: "shared/leases/worker.ts",
    guard: "(await takeTurn(job, ledger, paced, AbortSignal.any(over))) ?? (await locked())",
    without: "await locked()",
    finder: worker(),
  },
  {
    name: "worker: pacing: a throttled answer slows all others down",
    file: "shared/leases/turn.ts",
    guard: "await ledger.penalize(line.bucket, line.limits, 1000 * (1 + Math.random()));",
    without: "",
    finder: worker(),
  },
  {
    name: "settlement: a detach that failed is never taken for done",
    file: "shared/leases/settlement.ts",
    guard: 'if (kind === "attach" && final.has(code)) {',
    without: 'if (kind === "detach") return { outcome: "detached" };\n  if (kind === "attach" && final.has(code)) {',
    finder: worker("settlement"),
  },
  {
    name: "settlement: an unknown outcome of an attach is not taken for a failure",
    file: "shared/leases/settlement.ts",
    guard: 'if (kind === "attach" && final.has(code)) {',
    without: 'if (kind === "attach") {',
    finder: worker("settlement"),
  },
  {
    name: "settlement: a throttled attach is not given up",
    file: "shared/leases/settlement.ts",
    guard: '"CLOUD_DENIED",',
    without: '"CLOUD_DENIED",\n  "CLOUD_THROTTLED",',
    finder: complaint("five times in a row"),
  },
  {
    name: "settlement: an address that another one took is not tried again at once",
    file: "shared/leases/settlement.ts",
    guard: 'new Set<ErrorCode>(["ADDRESS_TAKEN", "ADDRESS_MISSING"])',
    without: 'new Set<ErrorCode>(["ADDRESS_MISSING"])',
    finder: complaint("another cluster"),
  },
  {
    name: "evidence: an expired lease ends by it only",
    file: "webhook/controller/evidence.ts",
    guard: 'return { verdict: "keep", late: true, againMs: undefined };',
    without: 'return { verdict: "end", why: "node-unreachable" };',
    finder: matrix("hold/renew: agent ledger.renew"),
  },
  {
    name: "evidence: a node may be silent for unreachableSeconds",
    file: "webhook/controller/evidence.ts",
    guard: "node.notReadySinceMs + unreachableMs - nowMs",
    without: "0 * (node.notReadySinceMs + unreachableMs - nowMs)",
    finder: tests("unit", "test/unit/controller/evidence.test.ts"),
  },
  {
    name: "evidence: a pod that a watch does not show is read before its lease ends",
    file: "webhook/controller/suspicions.ts",
    guard: "judgePod(podUid, cached ?? (await cluster.readPod(at.namespace, at.name)))",
    without: "judgePod(podUid, cached ?? null)",
    finder: tests("integration", "test/integration/controller/controller.test.ts", "watch lost it"),
  },
  {
    name: "directory: a node that is gone loses its leases",
    file: "webhook/controller/directory.ts",
    guard: "await ledger.removeNode(name",
    without: "await ledger.now(); void (name",
    finder: tests("integration", "test/integration/controller/controller.test.ts", "nodes that went"),
  },
  {
    name: "agent: the gate opens only once the address is there",
    file: "sidecar/agent.ts",
    guard: 'if (answer.status === "attached") return answer;',
    without:
      'if (answer.status === "attached") return answer;\n        if (answer.reason === "attaching") await openGate("203.0.113.1");',
    finder: matrix("start, the controller works/acquire"),
  },
  {
    name: "agent: verify holds the gate",
    file: "sidecar/agent.ts",
    guard: "const problem = url === undefined ? null : await options.verify(url, ip, stopped.signal);",
    without: "const problem = url === undefined ? null : await Promise.resolve(null);",
    finder: tests("unit", "test/unit/sidecar-agent.test.ts"),
  },
  {
    name: "agent: SIGTERM releases, not preStop",
    file: "sidecar/agent.ts",
    guard: "leases.drain(podUid, options.graceMs), options);",
    without: "leases.release(podUid, 0), options);",
    finder: matrix("release, the sidecar works/drain"),
  },
  {
    name: "agent: a lease that the ledger does not know is acquired again",
    file: "sidecar/agent.ts",
    guard: 'log.warn("the ledger does not know the lease: acquiring it again");\n          return;',
    without: 'log.warn("the ledger does not know the lease: acquiring it again");',
    finder: tests("unit", "test/unit/sidecar-agent.test.ts"),
  },
  {
    name: "leases: a pod that is going takes none after its release",
    file: "shared/leases/service.ts",
    guard: "signal?.throwIfAborted(); // the pod is going: a lease taken now could outlive its release",
    without: "",
    finder: tests("unit", "test/unit/leases-service.test.ts"),
  },
  {
    name: "term: a later one is claimed by every new leader",
    file: "webhook/controller/election.ts",
    guard: "Math.max((was?.transitions ?? -1) + 1, least)",
    without: "Math.max(was?.transitions ?? 0, least)",
    finder: tests("unit", "test/unit/controller/election.test.ts"),
  },
];
