import type { Address, Filter } from "@aws-sdk/client-ec2";
import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import { inOrder } from "../order.ts";
import type { CloudAddress } from "../port.ts";
import type { AwsCalls } from "./calls.ts";
import { parseFilters } from "./filter.ts";

/** One read. Tags and filter are EC2's to judge; the explicit list is held against what it answers. */
export async function listAddresses(calls: AwsCalls, pool: Pool, signal?: AbortSignal): Promise<CloudAddress[]> {
  const { tags = {}, filter, addresses: wanted } = pool.select;
  const filters: Filter[] = [
    ...Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [escaped(value)] })),
    ...(filter === undefined ? [] : parseFilters(filter)),
  ];
  const found = await calls.describeAddresses(filters, signal).catch((error: unknown) => {
    if (!(error instanceof EgressError) || error.code !== "CLOUD_REJECTED") throw error;
    throw new EgressError("CLOUD_SELECT_INVALID", `pool ${pool.name}: ${error.message}`, { cause: error });
  });
  const chosen = found
    .map(row)
    .filter((address) => address.id !== "")
    .filter(({ id, ip }) => wanted === undefined || wanted.includes(id) || wanted.includes(ip));
  return inOrder(chosen, pool.orderBy).map(({ id, ip, attachedTo }) => ({ id, ip, attachedTo }));
}

/** A tag is meant as it is written; in a filter's value EC2 takes `*` and `?` for wildcards. */
const escaped = (value: string) => value.replaceAll(/[\\*?]/g, String.raw`\$&`);

function row(address: Address) {
  return {
    id: address.AllocationId ?? "",
    ip: address.PublicIp ?? "",
    attachedTo: address.AssociationId === undefined ? null : (address.InstanceId ?? "?"),
    tags: Object.fromEntries((address.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
  };
}
