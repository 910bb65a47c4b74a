import type { RouteTable } from "@aws-sdk/client-ec2";
import type { Clock } from "../../clock.ts";
import { EgressError } from "../../errors.ts";
import type { AwsCalls } from "./calls.ts";
import type { AwsNode } from "./machine.ts";

/** Routes change rarely: a subnet is read again after this long. */
const knownForMs = 300_000;

/**
 * Checks that a public address would be used: EC2 itself refuses only where the VPC has no internet gateway at all, and an
 * address in a subnet routed to a NAT gateway is accepted without any effect. A node with a public address needs no check.
 */
export function createRouteCheck(calls: AwsCalls, clock: Clock) {
  const known = new Map<string, { readonly isPublic: boolean; readonly readAtMs: number }>();

  return async function requirePublicSubnet(node: AwsNode, signal?: AbortSignal): Promise<void> {
    if (node.kind !== "none") return;
    const seen = known.get(node.subnetId);
    const fresh = seen !== undefined && clock() - seen.readAtMs < knownForMs ? seen : undefined;
    const isPublic = fresh?.isPublic ?? (await hasGateway(calls, node, signal));
    if (fresh === undefined) known.set(node.subnetId, { isPublic, readAtMs: clock() });
    if (isPublic) return;
    known.delete(node.subnetId);
    throw new EgressError(
      "NODE_PRIVATE",
      `node ${node.id} is in subnet ${node.subnetId}, which has no route to an internet gateway`,
    );
  };
}

/** A subnet without a table of its own uses its VPC's main one. */
async function hasGateway(calls: AwsCalls, node: AwsNode, signal?: AbortSignal): Promise<boolean> {
  const own = await calls.describeRouteTables({ Name: "association.subnet-id", Values: [node.subnetId] }, signal);
  if (own.length > 0) return own.some(leadsOut);
  const tables = await calls.describeRouteTables({ Name: "vpc-id", Values: [node.vpcId] }, signal);
  return tables.some((table) => table.Associations?.some((association) => association.Main) && leadsOut(table));
}

const leadsOut = (table: RouteTable): boolean =>
  table.Routes?.some((route) => route.GatewayId?.startsWith("igw-") === true && route.State !== "blackhole") ?? false;
