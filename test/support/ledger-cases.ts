import { poolSchema } from "../../shared/pools/schema.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { Claim } from "../../shared/ledger/port.ts";
import type { NodeEntry } from "../../shared/ledger/records.ts";

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
