import { poolSchema } from "../../shared/pools/schema.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { Acquisition, Claim, Job, Ledger } from "../../shared/ledger/port.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";
import type { TimedLedger } from "./ledgers.ts";

export function pool(more: Record<string, unknown> = {}): Pool {
  return poolSchema.parse({
    name: "partners",
    cloud: "aws",
    region: "eu-west-1",
    select: { tags: { pool: "partners" } },
    ...more,
  });
}

export function node(name: string, more: Partial<NodeEntry> = {}): NodeEntry {
  return {
    name,
    uid: `uid-${name}`,
    cloud: "aws",
    region: "eu-west-1",
    machine: { id: `i-${name}`, providerId: `aws:///eu-west-1a/i-${name}` },
    ready: true,
    ...more,
  };
}

export function claim(podUid: string, on: string, more: Partial<Claim> = {}): Claim {
  return { podUid, pod: `apps/${podUid}`, serviceAccount: "apps/default", node: on, pool: "partners", ...more };
}

/** Rows of an inventory: addresses a1, a2, … of documentation range RFC 5737, free unless told. */
export function inventory(count: number, attached: Record<string, string> = {}) {
  return Array.from({ length: count }, (_, index) => {
    const id = `a${index + 1}`;
    return { id, ip: `203.0.113.${index + 1}`, attachedTo: attached[id] ?? null };
  });
}

export const how = { leaseMs: 60_000, mayWork: ["aws"] };

/** The job that the caller of `acquire` was made the actor of. */
export function jobOf(answer: Acquisition): Job {
  if (answer.status !== "work") throw new Error(`expected work, got ${JSON.stringify(answer)}`);
  return answer.job;
}

/** A pod is the first of its node: it is made the actor, and the address is attached. */
export async function attach(ledger: Ledger, podUid: string, on: string): Promise<Job> {
  const job = jobOf(await ledger.acquire(claim(podUid, on), how));
  const settled = await ledger.settle(job.machine.id, job.fence, { outcome: "attached", hadEphemeral: true });
  if (!settled) throw new Error(`expected ${podUid}'s attach to be settled with its fence ${job.fence}`);
  return job;
}

/** Each address with its state, in order. */
export async function states(ledger: Ledger): Promise<string[]> {
  return (await ledger.snapshot()).addresses.map(({ id, state }) => `${id} ${state}`).toSorted();
}

/** A ledger at its ordinary work: beaten, a pool of two addresses that linger for 30 s, nodes n1, n2 and n3, and no doubt left. */
export async function putIntoUse({ ledger, beat, pass }: TimedLedger): Promise<Ledger> {
  await beat();
  await ledger.putPools([pool({ lingerSeconds: 30 })]);
  for (const name of ["n1", "n2", "n3"]) await ledger.putNode(node(name));
  await ledger.putInventory("partners", inventory(2), await ledger.now());
  await pass(60_000);
  return ledger;
}

/** A pool of two addresses and two nodes, as a controller fills a ledger; `attached`: what the cloud has, address to machine. */
export async function fillPartners(ledger: Ledger, attached: Record<string, string> = {}): Promise<void> {
  await ledger.putPools([pool({ lingerSeconds: 0 })]);
  for (const name of ["n1", "n2"]) await ledger.putNode(node(name));
  await ledger.putInventory("partners", inventory(2, attached), await ledger.now());
}
