import type * as z from "zod";
import type { AddressHistory, addressRow, nodeRow, PodRow, PodStory, poolRow } from "../schemas.ts";

export type PoolRow = z.infer<typeof poolRow>;
export type AddressRow = z.infer<typeof addressRow>;
export type NodeRow = z.infer<typeof nodeRow>;
export type { AddressHistory, PodRow, PodStory };

export interface List<Row> {
  readonly nowMs: number;
  readonly total: number;
  readonly rows: readonly Row[];
}

export type Query = Readonly<Record<string, string | number>>;

/** What the API refused, in its words. */
export class Refusal extends Error {
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

async function get<T>(path: string, query: Query = {}): Promise<T> {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  const reply = await fetch(`api/${path}${text === "" ? "" : `?${text}`}`);
  const body = (await reply.json()) as T & { message?: string; fix?: string };
  if (!reply.ok) throw new Refusal(body.message ?? `${reply.status}`, body.fix ?? "");
  return body;
}

export const pools = (query?: Query) => get<List<PoolRow>>("pools", query);
export const addresses = (query?: Query) => get<List<AddressRow>>("addresses", query);
export const addressHistory = (ip: string) => get<AddressHistory>(`addresses/${encodeURIComponent(ip)}/history`);
export const nodes = (query?: Query) => get<List<NodeRow>>("nodes", query);
export const leases = (query?: Query) => get<List<PodRow>>("leases", query);
export const waiting = (query?: Query) => get<List<PodRow>>("waiting", query);
export const story = (namespace: string, name: string) =>
  get<PodStory>(`pods/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`);
