import * as z from "zod";
import { addressStates } from "../../shared/inspection/address-state.ts";
import type { AddressRow } from "../../shared/inspection/address-rows.ts";
import type { NodeRow } from "../../shared/inspection/node-rows.ts";
import type { PodSpan, Span } from "../../shared/inspection/time-line.ts";
import type { PoolRow } from "../../shared/inspection/pool-rows.ts";

/** The JSON of the inspection API. Times are milliseconds since 1970 of the ledger's clock. */

const count = z.int().min(0);
const timeMs = z.int();
const state = z.enum(addressStates);

export const poolRow = z.strictObject({
  pool: z.string(),
  cloud: z.string().describe("`-` of a pool that was taken out"),
  region: z.string(),
  total: count,
  free: count,
  attaching: count,
  attached: count,
  draining: count,
  lingering: count,
  taken: count.describe("attached to something that is not ours"),
  leases: count,
  waiting: count,
  exhausted: z.boolean().describe("no address is free, and pods wait"),
  retired: z.boolean().describe("taken out, and served until its last lease ends"),
}) satisfies z.ZodType<PoolRow>;

export const addressRow = z.strictObject({
  pool: z.string(),
  ip: z.string(),
  id: z.string(),
  state: z.enum([...addressStates, "taken"]),
  node: z.string().nullable(),
  leases: count,
  sinceMs: timeMs.nullable().describe("when its attachment came into its state"),
  out: z.boolean().describe("no longer in the pool: used until its last lease ends"),
}) satisfies z.ZodType<AddressRow>;

export const nodeRow = z.strictObject({
  node: z.string(),
  machine: z.string(),
  pool: z.string().nullable(),
  address: z.string().nullable(),
  state: state.describe("of the address on it; `free`: it carries none"),
  leases: count,
  sinceMs: timeMs.nullable(),
  problem: z.string().nullable().describe("why nothing is attached to it now"),
}) satisfies z.ZodType<Omit<NodeRow, "fence" | "ready">>;

export const podRow = z.strictObject({
  pod: z.string().describe("namespace/name"),
  podUid: z.string(),
  pool: z.string(),
  node: z.string(),
  address: z.string().nullable().describe("null while it waits, or while the address is not attached yet"),
  state: z.enum(["held", "draining", "waiting"]),
  sinceMs: timeMs,
  position: z.int().nullable().describe("in the pool's queue, 1 is next"),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  todo: z.string().nullable().describe("for who waits: what a person can do"),
});
export type PodRow = z.infer<typeof podRow>;

const listOf = <T extends z.ZodType>(row: T) =>
  z.strictObject({
    nowMs: timeMs,
    total: count.describe("rows in all; `rows` has those asked for"),
    rows: z.array(row),
  });

export const poolList = listOf(poolRow);
export const addressList = listOf(addressRow);
export const nodeList = listOf(nodeRow);
export const podList = listOf(podRow);

const podSpan = z.strictObject({
  pod: z.string(),
  podUid: z.string(),
  fromMs: timeMs.nullable(),
  toMs: timeMs.nullable(),
}) satisfies z.ZodType<PodSpan>;

export const span = z.strictObject({
  node: z.string(),
  machine: z.string(),
  pool: z.string(),
  fromMs: timeMs.nullable().describe("null: before what the history tells of"),
  attachedMs: timeMs.nullable(),
  toMs: timeMs.nullable().describe("null: it is there still"),
  code: z.string().nullable().describe("why the attach was given up"),
  pods: z.array(podSpan),
}) satisfies z.ZodType<Span>;

export const addressHistory = z.strictObject({
  nowMs: timeMs,
  ip: z.string(),
  sinceMs: timeMs.nullable().describe("the oldest that is kept of any address"),
  spans: z
    .array(span)
    .nullable()
    .describe("newest first, at most 200; null: the ledger's user may not read the history"),
});
export type AddressHistory = z.infer<typeof addressHistory>;

export const step = z.strictObject({
  atMs: timeMs,
  kind: z.string(),
  ip: z.string(),
  node: z.string(),
  code: z.string().nullable(),
});

export const podStory = z.strictObject({
  nowMs: timeMs,
  pod: z.string(),
  rows: z
    .array(
      podRow.extend({
        expiresAtMs: timeMs.nullable().describe("when the lease ends unless renewed"),
        nodeRow: nodeRow.nullable(),
        poolRow: poolRow.nullable(),
      }),
    )
    .describe("each pod of that name, an older one included that still holds a lease"),
  steps: z
    .array(step)
    .nullable()
    .describe("what befell its leases and their addresses, oldest first, the last 200; null: likewise"),
});
export type PodStory = z.infer<typeof podStory>;

export const changeEvent = z.strictObject({
  changed: z.array(z.enum(["pools", "nodes", "leases", "waiting"])),
});

/** `search` is looked for in names and addresses, whatever its case. */
export const listQuery = z.strictObject({
  pool: z.string().max(253).optional(),
  node: z.string().max(253).optional(),
  namespace: z.string().max(253).optional(),
  search: z.string().max(253).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
});
export type ListQuery = z.infer<typeof listQuery>;
