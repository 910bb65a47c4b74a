import { setTimeout as pause } from "node:timers/promises";
import type { Address } from "@aws-sdk/client-ec2";
import { EgressError } from "../../errors.ts";
import type { AwsCalls, Doubt } from "./calls.ts";
import { awsError } from "./errors.ts";

/** EC2 answers old state for a moment, and works on after the caller has hung up: it is asked this often, this far apart. */
const pausesMs = [100, 400, 1_500];

/**
 * After a change whose outcome is unknown: reads the address until `verdict` is true (done) or has thrown, a few times.
 * Throws CLOUD_UNKNOWN when the cloud cannot be read, and the change's own failure when it can and nothing has happened.
 */
export async function settle(
  calls: AwsCalls,
  doubt: Doubt,
  verdict: (address: Address | undefined) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  for (const pauseMs of pausesMs) {
    let address: Address | undefined;
    try {
      await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
      address = await calls.describeAddress(doubt.allocationId, signal);
    } catch (error) {
      const what = `ec2:${doubt.action} on ${doubt.allocationId} has an unknown outcome, and reading it failed`;
      throw new EgressError("CLOUD_UNKNOWN", what, { cause: new AggregateError([doubt.cause, error]) });
    }
    if (verdict(address)) return;
  }
  throw awsError(doubt.cause, doubt.action, doubt.allocationId);
}
