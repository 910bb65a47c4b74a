import { attach, claim, fillPartners, how, node } from "./ledger-cases.ts";
import { timedMemoryLedger, type TimedLedger } from "./ledgers.ts";

/** A ledger of two addresses: n1 attached with a held lease, n2 with a draining one, and a pod that waits on n3. */
export async function inspectedLedger(): Promise<TimedLedger> {
  const timed = await timedMemoryLedger();
  const { ledger } = timed;
  await timed.beat();
  await fillPartners(ledger);

  await ledger.putNode(node("n3"));
  await attach(ledger, "p1", "n1");
  await attach(ledger, "p2", "n2");
  await ledger.drain("p2", { leaseMs: 60_000, graceMs: 30_000 });
  await ledger.acquire(claim("p3", "n3"), how);
  return timed;
}
