import type { Pool } from "../pools/schema.ts";

/** One reserved static public IP of a pool, as the cloud's inventory shows it. */
export interface CloudAddress {
  /** The cloud's own id: AWS allocation id (`eipalloc-…`), GCP the address resource's name, memory the IP. */
  readonly id: string;
  readonly ip: string;
  /** The id (see `Machine.id`) of the machine that carries it now; null when free; "?" when attached to something else. */
  readonly attachedTo: string | null;
}

/**
 * A node's machine. `id` is what the cloud never gives to another machine: AWS instance id (`i-…`), GCP
 * `<instance name>.<numeric instance id>` (a name comes back with another machine behind it), memory the node's name.
 */
export interface Machine {
  readonly id: string;
  /** As Kubernetes has it: `aws:///eu-west-1a/i-0abc`, `gce://project/zone/name`, `memory:///name`. */
  readonly providerId: string;
}

/** What `describeNode` found. `egressIp`: the public IP that packets leave from now; null without one. */
export interface CloudNode extends Machine {
  readonly running: boolean;
  readonly egressIp: string | null;
  /** Whether egressIp is an ephemeral one, a reserved one, or there is none. */
  readonly kind: "ephemeral" | "reserved" | "none";
  readonly interfaces: number;
}

/** What one attach or detach is about. `attempt` is unique to the attempt (the fence): it seeds idempotency tokens. */
export interface Assignment {
  readonly machine: Machine;
  readonly address: { readonly id: string; readonly ip: string };
  readonly attempt: string;
  /**
   * Asked right before the first change: false when the right to work has ended, as for an actor that stood still. Then the
   * call fails with LOCK_LOST, and nothing was changed. What is half done is finished all the same.
   */
  readonly stillMine?: () => boolean;
  /**
   * Told when the node's public address has gone (false) and when there is one again (true), as soon as the cloud says so.
   * Without a second call the node stands without any, as far as this attempt knows.
   */
  readonly publicAddress?: (there: boolean) => void;
}

export interface Attached {
  readonly ip: string;
  /** Whether the node had an ephemeral address before, to be given back on release. */
  readonly hadEphemeral: boolean;
}

export interface Detached {
  /**
   * `detached`: the address is free. `kept`: the pool's onRelease kept it on the node, as the provider would leave the
   * node without a way out. `absent`: it was not on that node (any more); nothing was changed.
   */
  readonly outcome: "detached" | "kept" | "absent";
  /** The public IP of the node afterwards, when it is known yet; null when none has come back (yet). */
  readonly egressIp: string | null;
}

/**
 * A cloud, for one pool's account, project and region. Promise: nothing outside the pool's addresses is ever changed; an
 * address is never taken from another machine, and another address of a machine is never displaced; addresses are never
 * released to the provider; doing a call twice is harmless; an error while waiting is read again from the cloud before it
 * is answered. When an attach fails half way, the node's ephemeral address is back before the error is thrown, or the error is
 * NODE_WITHOUT_ADDRESS: the attempt has to be made again until it is.
 *
 * Errors are EgressError with these codes: ADDRESS_TAKEN, ADDRESS_MISSING, NODE_UNKNOWN, NODE_OTHER_CLOUD,
 * NODE_OTHER_REGION, NODE_PRIVATE, NODE_FOREIGN_ADDRESS, NODE_NOT_RUNNING, NODE_WITHOUT_ADDRESS, CLOUD_DENIED (message names the action),
 * CLOUD_CREDENTIALS, CLOUD_THROTTLED, CLOUD_UNAVAILABLE, CLOUD_UNKNOWN (the outcome could not be learned),
 * CLOUD_REJECTED, CLOUD_SELECT_INVALID, LOCK_LOST (see stillMine). `signal` aborts waiting, not what the cloud already does.
 */
export interface Cloud {
  /** The pool's addresses in the pool's order (`orderBy`, then id). Costs reads only. */
  listAddresses(pool: Pool, signal?: AbortSignal): Promise<CloudAddress[]>;
  /**
   * Learns a machine from its providerID alone: its id and what it carries. GCP needs one read; throws NODE_UNKNOWN when
   * there is no such machine, NODE_OTHER_CLOUD when the providerID is of another cloud.
   */
  describeNode(providerId: string, signal?: AbortSignal): Promise<CloudNode>;
  /** Puts the address on the machine's primary interface and answers once the cloud says it is there. */
  attach(pool: Pool, assignment: Assignment, signal?: AbortSignal): Promise<Attached>;
  /**
   * Takes the address off that machine, and nothing else, and gives the node its ephemeral address back where it had one
   * (`restoreEphemeral`, from Attached.hadEphemeral) and the provider lets us; where it does not, `pool.onRelease` decides.
   */
  detach(
    pool: Pool,
    assignment: Assignment & { readonly restoreEphemeral: boolean },
    signal?: AbortSignal,
  ): Promise<Detached>;
}

/** One call to a cloud, for metrics and logs: `code` is "ok" or the cloud's own error code. */
export interface CloudCall {
  readonly cloud: string;
  readonly action: string;
  readonly code: string;
  readonly durationMs: number;
}
export type OnCloudCall = (call: CloudCall) => void;
