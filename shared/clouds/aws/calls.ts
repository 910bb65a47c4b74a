import {
  type Address,
  AssociateAddressCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeRouteTablesCommand,
  DisassociateAddressCommand,
  EC2Client,
  type EC2ClientConfig,
  type Filter,
  type Instance,
  type RouteTable,
} from "@aws-sdk/client-ec2";
import { type Clock, systemClock } from "../../clock.ts";
import type { OnCloudCall } from "../port.ts";
import { awsError, cloudCode, isRefusal } from "./errors.ts";
import { gather } from "./gather.ts";

/** The account is of one region; `endpoint` is another service that speaks EC2 (the SDK's own variables work too). */
export interface AwsOptions {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: EC2ClientConfig["credentials"];
  readonly onCall?: OnCloudCall;
  readonly clock?: Clock;
}

/** A change whose outcome is unknown: it may have taken effect, or may do so yet. */
export interface Doubt {
  readonly action: string;
  readonly allocationId: string;
  readonly cause: unknown;
}

/**
 * The EC2 actions in use; all throw EgressError. The two changes answer null when done and throw when EC2 refused; anything
 * else is a Doubt, to be settled by reading.
 */
export interface AwsCalls {
  /** Asked by several at once, it is one request. */
  describeInstance(id: string, signal?: AbortSignal): Promise<Instance | undefined>;
  describeAddresses(filters: Filter[], signal?: AbortSignal): Promise<Address[]>;
  describeAddress(allocationId: string, signal?: AbortSignal): Promise<Address | undefined>;
  describeRouteTables(filter: Filter, signal?: AbortSignal): Promise<RouteTable[]>;
  /** `requireStillMine` is called before each try, the SDK's own repetition included: done late, it could displace another address. */
  associate(
    allocationId: string,
    interfaceId: string,
    signal?: AbortSignal,
    requireStillMine?: () => void,
  ): Promise<Doubt | null>;
  disassociate(allocationId: string, associationId: string, signal?: AbortSignal): Promise<Doubt | null>;
}

/**
 * One try and one more, after the SDK's jittered pause; the next ones are the ledger's to time, or many nodes would make a storm.
 * Both changes are idempotent (AllowReassociation=false; an association id is never used twice): a repeated one does no harm.
 */
const maxAttempts = 2;
const timeouts = { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true };
/** A burst of changes and what is read beside it go out at once; the SDK's own limit is 50. */
const agents = { httpAgent: { maxSockets: 100 }, httpsAgent: { maxSockets: 100 } };

export function createAwsCalls(options: AwsOptions): AwsCalls {
  const client = new EC2Client({
    region: options.region,
    maxAttempts,
    retryMode: "standard",
    requestHandler: { ...timeouts, ...agents },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  const failuresOf = watchTries(client, options);
  // One id that is not there fails a request for several by their ids; a filter just does not find it.
  const instances = gather<Instance>(
    async (ids) => {
      const filter = { Filters: [{ Name: "instance-id", Values: [...ids] }] };
      const reply = await client.send(
        new DescribeInstancesCommand(ids.length === 1 ? { InstanceIds: [...ids] } : filter),
      );
      const found = reply.Reservations?.flatMap(({ Instances = [] }) => Instances) ?? [];
      return new Map(found.map((instance) => [instance.InstanceId ?? "", instance]));
    },
    { gatherMs: 5, most: 100 },
  );

  return {
    describeInstance: (id, signal) =>
      read("DescribeInstances", id, "InvalidInstanceID.NotFound", () => instances(id, signal)),
    describeAddresses: (filters, signal) =>
      read("DescribeAddresses", `region ${options.region}`, undefined, async () => {
        const input = filters.length === 0 ? {} : { Filters: filters };
        const reply = await client.send(new DescribeAddressesCommand(input), waiting(signal));
        return reply.Addresses ?? [];
      }),
    describeAddress: (id, signal) =>
      read("DescribeAddresses", id, "InvalidAllocationID.NotFound", async () => {
        const reply = await client.send(new DescribeAddressesCommand({ AllocationIds: [id] }), waiting(signal));
        return reply.Addresses?.[0];
      }),
    describeRouteTables: (filter, signal) =>
      read("DescribeRouteTables", `${filter.Values?.join()}`, undefined, async () => {
        const reply = await client.send(new DescribeRouteTablesCommand({ Filters: [filter] }), waiting(signal));
        return reply.RouteTables ?? [];
      }),
    associate: (allocationId, interfaceId, signal, requireStillMine) => {
      const input = { AllocationId: allocationId, NetworkInterfaceId: interfaceId, AllowReassociation: false };
      const command = new AssociateAddressCommand(input);
      command.middlewareStack.add(
        (next) => (args) => {
          requireStillMine?.();
          return next(args);
        },
        { step: "deserialize", priority: "high", name: "requireStillMine" },
      );
      const send = () => client.send(command, waiting(signal));
      return change("AssociateAddress", allocationId, send, () => failuresOf(input));
    },
    disassociate: (allocationId, associationId, signal) => {
      const input = { AssociationId: associationId };
      const send = () => client.send(new DisassociateAddressCommand(input), waiting(signal));
      return change("DisassociateAddress", allocationId, send, () => failuresOf(input));
    },
  };
}

const waiting = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

/** A read that finds nothing answers undefined; every other failure is told in our own terms. */
async function read<T>(action: string, subject: string, notFound: string | undefined, call: () => Promise<T>) {
  try {
    return await call();
  } catch (error) {
    if (notFound !== undefined && cloudCode(error) === notFound) return undefined as T;
    throw awsError(error, action, subject);
  }
}

/** A change was refused only if every one of its tries was: an earlier one may have been applied and its answer lost. */
async function change(
  action: string,
  allocationId: string,
  send: () => Promise<unknown>,
  failures: () => readonly unknown[],
): Promise<Doubt | null> {
  try {
    await send();
    return null;
  } catch (error) {
    if (isRefusal(error) && failures().every(isRefusal)) throw awsError(error, action, allocationId);
    return { action, allocationId, cause: error };
  }
}

/**
 * Sees every request on the wire, the SDK's own retries included: reports it, and keeps how the tries of one command (known
 * by its input) failed, for the SDK itself tells only of the last one.
 */
function watchTries(client: EC2Client, { onCall, clock = systemClock }: AwsOptions): (input: object) => unknown[] {
  const failures = new WeakMap<object, unknown[]>();
  const failuresOf = (input: object) => failures.get(input) ?? [];
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const startedMs = clock();
      const action = (context.commandName ?? "unknown").replace(/Command$/, "");
      const report = (code: string) => onCall?.({ cloud: "aws", action, code, durationMs: clock() - startedMs });
      try {
        const output = await next(args);
        report("ok");
        return output;
      } catch (error) {
        report(cloudCode(error));
        failures.set(args.input, [...failuresOf(args.input), error]);
        throw error;
      }
    },
    { step: "deserialize", priority: "high", name: "watchTries" },
  );
  return failuresOf;
}
