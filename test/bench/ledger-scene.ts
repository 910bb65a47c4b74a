import { randomUUID } from "node:crypto";
import type { Claim, Ledger } from "../../shared/ledger/port.ts";
import { claim, node, pool } from "../support/ledger-cases.ts";

export const nodeCount = 100;
export const leaseMs = 600_000;
const hex = (index: number) => index.toString(16).padStart(17, "0");
/** As EC2 names its machines in a cluster. */
const nodeName = (index: number) => `ip-10-0-${1 + (index >> 8)}-${index & 255}.eu-west-1.compute.internal`;

/** Pool and nodes of a middling cluster: every node has carried its address for a while, none has a lease. */
export async function fillLedger(ledger: Ledger): Promise<void> {
  await ledger.beat(null);
  await ledger.putPools([pool()]);
  const rows = [];
  for (let index = 0; index < nodeCount; index++) {
    const id = `i-${hex(index)}`;
    const machine = { id, providerId: `aws:///eu-west-1a/${id}` };
    await ledger.putNode(node(nodeName(index), { uid: randomUUID(), machine }));
    rows.push({ id: `eipalloc-${hex(index)}`, ip: `203.0.113.${index}`, attachedTo: id });
  }
  await ledger.putInventory("partners", rows, (await ledger.now()) + 60_000); // adopted: attached without an attach
}

/** Pod number `index` of a Deployment with a name of usual length, on one node after the other. */
export function benchClaim(index: number): Claim {
  const pod = `payments/biller-7d9f8c6b5-${index.toString(36).padStart(5, "x")}`;
  return claim(randomUUID(), nodeName(index % nodeCount), { pod, serviceAccount: "payments/biller" });
}
