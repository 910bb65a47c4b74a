/** One guard of the code, and how it is taken out: `guard` stands once in `file`, and `without` takes its place. */
export interface Guard {
  readonly name: string;
  readonly file: string;
  readonly guard: string;
  readonly without: string;
}

const ledger = "shared/ledger/memory/ledger.ts";

/**
 * Each of them taken out has to make the simulation fail. Not among them: that an actor is left alone until its deadline. The
 * node's lock and the fence hold without it, so that it only saves work that would be refused.
 */
export const guards: readonly Guard[] = [
  {
    name: "settle: an old fence is refused",
    file: ledger,
    guard: "if (attachment?.fence !== fence) return false;\n      if (attachment.state",
    without: "if (attachment === undefined) return false;\n      if (attachment.state",
  },
  {
    name: "begin: no detach while there are leases",
    file: "shared/ledger/memory/state.ts",
    guard: "const idle = countLeases(state, attachment.machine.id) === 0;",
    without: "const idle = true;",
  },
  {
    name: "drain: the lease still counts",
    file: ledger,
    guard: 'pod.state = "draining";',
    without: "endLease(state, now, pod);",
  },
  {
    name: "acquire: nothing is given while the address is being taken off",
    file: "shared/ledger/memory/acquire.ts",
    guard: 'if (attachment?.state === "attached" || attachment?.state === "kept") {',
    without:
      'if (attachment?.state === "attached" || attachment?.state === "kept" || attachment?.state === "attaching") {',
  },
  {
    name: "acquire: the directory's node is the claim's",
    file: "shared/ledger/memory/acquire.ts",
    guard: "claim.nodeUid === undefined || row?.uid === claim.nodeUid",
    without: "row !== undefined",
  },
  {
    name: "ledger: a term that is over changes nothing",
    file: "shared/ledger/memory/beat.ts",
    guard: "if (term >= newest) return;",
    without: "if (term >= newest || newest > 0) return;",
  },
  {
    name: "inventory: what is older than the ledger's own change is not believed",
    file: "shared/ledger/memory/inventory.ts",
    guard: "before !== undefined && before.changedMs > readAtMs - inventorySettleMs",
    without: "before === undefined && readAtMs < 0",
  },
  {
    name: "inventory: an address that is on our node is adopted",
    file: "shared/ledger/memory/inventory.ts",
    guard: "node === undefined || state.attachments.has(machine)",
    without: "node === undefined || state.attachments.size >= 0",
  },
  {
    name: "settle: a detach that failed is never taken for done",
    file: "shared/leases/settlement.ts",
    guard: 'if (kind === "attach" && final.has(code)) {',
    without: 'if (kind === "detach") return { outcome: "detached" };\n  if (kind === "attach" && final.has(code)) {',
  },
  {
    name: "ledger: an attach in doubt is not undone at once",
    file: "shared/ledger/memory/state.ts",
    guard: 'if (attachment?.state === "attaching") attachment.lingerUntilMs = now + doubtMs;',
    without: "void doubtMs;",
  },
  {
    name: "worker: an actor that stood still changes nothing",
    file: "shared/leases/worker.ts",
    guard: "performance.now() < mineUntilMs && !lost.signal.aborted",
    without: "mineUntilMs >= 0",
  },
  {
    name: "controller: an expired lease ends by evidence only",
    file: "webhook/controller/evidence.ts",
    guard: 'return { verdict: "keep", late: true, againMs: undefined };',
    without: 'return { verdict: "end", why: "node-unreachable" };',
  },
  {
    name: "controller: a node may be silent for unreachableSeconds",
    file: "webhook/controller/evidence.ts",
    guard: "node.notReadySinceMs + unreachableMs - nowMs",
    without: "0 * (node.notReadySinceMs + unreachableMs - nowMs)",
  },
  {
    name: "controller: a pod that a watch does not show is read before its lease ends",
    file: "webhook/controller/suspicions.ts",
    guard: "judgePod(podUid, cached ?? (await cluster.readPod(at.namespace, at.name)))",
    without: "judgePod(podUid, cached ?? null)",
  },
  {
    name: "agent: the gate opens only once the address is there",
    file: "sidecar/agent.ts",
    guard: 'if (answer.status === "attached") return answer;',
    without:
      'if (answer.status === "attached") return answer;\n        if (answer.reason === "attaching") await openGate("203.0.113.1");',
  },
  {
    name: "agent: SIGTERM releases, not preStop",
    file: "sidecar/agent.ts",
    guard: "leases.drain(podUid, options.graceMs), options);",
    without: "leases.release(podUid, 0), options);",
  },
  {
    name: "AWS: another reserved address of the machine is not displaced",
    file: "shared/clouds/aws/attach.ts",
    guard: 'if (node.kind === "reserved") {',
    without: 'if (node.kind === "none" && node.kind.length > 9) {',
  },
  {
    name: "AWS: a read that shows the address there already is not trusted",
    file: "shared/clouds/aws/attach.ts",
    guard: "if (node.egressIp !== address.ip) requireRoom(node);",
    without: "if (node.egressIp === address.ip) return { ip: address.ip, hadEphemeral: true };\n  requireRoom(node);",
  },
  {
    name: "AWS: a machine with several interfaces keeps its address where the pool says so",
    file: "shared/clouds/aws/detach.ts",
    guard: "if (mayKeep && node?.running === true && node.interfaces > 1) return",
    without: "if (mayKeep && node?.running === true && node.interfaces > 9) return",
  },
];
