import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import { inOrder } from "../order.ts";
import type { CloudAddress } from "../port.ts";
import type { Address, GcpCalls } from "./calls.ts";
import { machineIdOf } from "./machine.ts";

/** Names in one filter of an instance list: keeps the request's URL short. */
const namesPerCall = 50;

/**
 * One read, and one more per zone (and 50 machines) with addresses in use: an address tells only the name of its machine,
 * and a name comes back with another machine behind it.
 */
export async function listAddresses(calls: GcpCalls, pool: Pool): Promise<CloudAddress[]> {
  const { tags = {}, filter, addresses: wanted } = pool.select;
  const terms = [
    ...Object.entries(tags).map(([key, value]) => `(labels.${key}=${quoted(value)})`),
    ...(filter === undefined ? [] : [`(${filter})`]),
  ];
  const found = await calls.listAddresses(terms.join(" AND ")).catch((error: unknown) => {
    if (!(error instanceof EgressError) || error.code !== "CLOUD_REJECTED") throw error;
    throw new EgressError("CLOUD_SELECT_INVALID", `pool ${pool.name}: ${error.message}`, { cause: error });
  });
  const rows = found
    .filter((address) => address.addressType !== "INTERNAL" && address.ipVersion !== "IPV6")
    .map((address) => ({
      id: address.name ?? "",
      ip: address.address ?? "",
      tags: address.labels ?? {},
      user: userOf(address),
    }))
    .filter(({ id, ip }) => wanted === undefined || wanted.includes(id) || wanted.includes(ip));
  const machines = await machinesBehind(
    calls,
    rows.flatMap(({ user }) => (user === null || user === "?" ? [] : [user])),
  );
  return inOrder(rows, pool.orderBy).map(({ id, ip, user }) => ({
    id,
    ip,
    attachedTo: user === null || user === "?" ? user : (machines.get(`${user.zone}/${user.name}`) ?? "?"),
  }));
}

interface User {
  readonly zone: string;
  readonly name: string;
}

/** Null when the address is free; "?" for what is not an instance (a forwarding rule, a NAT gateway). */
function userOf(address: Address): User | "?" | null {
  const [link] = address.users ?? [];
  if (link === undefined) return address.status === "IN_USE" ? "?" : null;
  const [, zone, name] = /\/zones\/([^/]+)\/instances\/([^/]+)$/.exec(link) ?? [];
  return zone === undefined || name === undefined ? "?" : { zone, name };
}

async function machinesBehind(calls: GcpCalls, users: readonly User[]): Promise<Map<string, string>> {
  const machines = new Map<string, string>();
  for (const zone of new Set(users.map((user) => user.zone))) {
    const filters = users.filter((user) => user.zone === zone).map(({ name }) => `(name=${quoted(name)})`);
    for (let start = 0; start < filters.length; start += namesPerCall) {
      const some = filters.slice(start, start + namesPerCall).join(" OR ");
      for (const { name, id } of await calls.listInstances(zone, some)) {
        machines.set(`${zone}/${name}`, machineIdOf(name ?? "", id));
      }
    }
  }
  return machines;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
