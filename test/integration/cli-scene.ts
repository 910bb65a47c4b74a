import type { Acquisition, Claim, Job, Ledger } from "../../shared/ledger/port.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";
import { poolSchema } from "../../shared/pools/schema.ts";

/** Names of docs/ledger.md's examples. */
export const uids = {
  biller: "3f2c9d1e-6a57-4a58-9b0c-0d2f4e8a7c11",
  billerToo: "a41b7e02-95c3-4f0d-8b3e-7c5d19e6f222",
  reports: "c85d3a60-1e2f-4b7a-a9d4-52f60b8e3d33",
  nightly: "e07f9c48-d3b1-4c6e-8f25-91a4c7b05e44",
  archive: "18c6e5f2-7b09-4d3c-b6a1-e4f2d09c8a55",
  hidden: "7d90b3a4-2c8e-4f61-9e57-38b1f6d4c066",
};

const machineOf = (number: number): string => `i-0a1b2c3d4e5f6071${number}`;

function node(number: number): NodeEntry {
  const id = machineOf(number);
  const machine = { id, providerId: `aws:///eu-west-1a/${id}` };
  return { name: `worker-${number}`, uid: `uid-${number}`, cloud: "aws", region: "eu-west-1", machine, ready: true };
}

function pool(name: string) {
  const select = { tags: { "static-egress": name } };
  return poolSchema.parse({ name, cloud: "aws", region: "eu-west-1", select });
}

function claim(podUid: string, pod: string, on: number, pool = "partners"): Claim {
  return { podUid, pod, serviceAccount: `${pod.split("/")[0]}/default`, node: `worker-${on}`, pool };
}

const how = { leaseMs: 60_000, mayWork: ["aws"] };

function jobOf(answer: Acquisition): Job {
  if (answer.status !== "work") throw new Error(`expected work, saw ${JSON.stringify(answer)}`);
  return answer.job;
}

/**
 * Fills a ledger with one of everything: two attached addresses, one shared and with a draining lease, a pod that waits for
 * the full pool, a node with a problem, a pool that no pod uses (one of its addresses is a stranger's, one was found on a node and
 * lingers), and one that was taken out while in use, with an address that was taken out of it before.
 */
export async function fillLedger(ledger: Ledger): Promise<void> {
  const attach = async (wish: Claim): Promise<void> => {
    const { machine, fence } = jobOf(await ledger.acquire(wish, how));
    await ledger.settle(machine.id, fence, { outcome: "attached", hadEphemeral: true });
  };
  const address = (id: string, ip: string) => ({ id, ip, attachedTo: null });
  const partners = [address("eipalloc-0aa1", "203.0.113.7"), address("eipalloc-0aa2", "203.0.113.8")];

  await ledger.beat(null);
  await ledger.putPools([pool("partners"), pool("internal"), pool("archive")]);
  for (const number of [1, 2, 3, 4, 5]) await ledger.putNode(node(number));
  await ledger.putInventory("partners", partners, await ledger.now());
  await ledger.putInventory("archive", [address("eipalloc-0bb1", "203.0.113.9")], await ledger.now());

  const failed = jobOf(await ledger.acquire(claim(uids.hidden, "payments/hidden-1", 5), how));
  const message = "node worker-5 is in a private subnet";
  await ledger.settle(failed.machine.id, failed.fence, {
    outcome: "failed",
    code: "NODE_PRIVATE",
    message,
    addressAtFault: false,
  });
  await ledger.release(uids.hidden, { mayWork: [] });
  const internal = [
    address("eipalloc-0cc1", "203.0.113.10"),
    { ...address("eipalloc-0cc2", "203.0.113.11"), attachedTo: "i-0f0f0f0f0f0f0f0f0" },
    { ...address("eipalloc-0cc3", "203.0.113.12"), attachedTo: machineOf(5) },
  ];
  await ledger.putInventory("internal", internal, await ledger.now());

  await attach(claim(uids.biller, "payments/biller-1", 1));
  await ledger.acquire(claim(uids.billerToo, "payments/biller-2", 1), how);
  await ledger.drain(uids.billerToo, { leaseMs: 60_000, graceMs: 30_000 });
  await attach(claim(uids.reports, "reports/weekly-1", 2));
  await attach(claim(uids.archive, "payments/archive-1", 4, "archive"));
  await ledger.acquire(claim(uids.nightly, "payments/nightly-1", 3), how);
  await ledger.putInventory("archive", [], await ledger.now());
  await ledger.putPools([pool("partners"), pool("internal")]);
  // Long enough for the tests to find it.
  await ledger.penalize("aws:eu-west-1", { burst: 40, perSecond: 4 }, 20_000);
}
