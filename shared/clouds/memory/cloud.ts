import { setTimeout as pause } from "node:timers/promises";
import { EgressError } from "../../errors.ts";
import type { Pool } from "../../pools/schema.ts";
import { inOrder } from "../order.ts";
import type { Assignment, Attached, Cloud, CloudAddress, CloudNode, Detached, OnCloudCall } from "../port.ts";
import { providerIdOf } from "../provider-id.ts";
import { requireStillMine } from "../still-mine.ts";
import { emptyState, giveEphemeral, type MemoryNode, type MemoryNodeSpec, type MemoryState, putNode } from "./state.ts";

type Action = "listAddresses" | "describeNode" | "attach" | "detach";

export interface MemoryCloudOptions {
  /** Given: only these exist. Otherwise a `memory:///NAME` node is made when it is first seen. */
  readonly nodes?: readonly MemoryNodeSpec[];
  /** How long reads and changes take; a change takes effect at its end. Default 0. */
  readonly latencyMs?: { readonly read: number; readonly change: number };
  readonly onCall?: OnCloudCall;
}

/** The in-memory cloud and, for the demo and tests, a hand on its state. */
export interface MemoryCloud extends Cloud {
  readonly state: MemoryState;
  addNode(spec: MemoryNodeSpec): void;
  /** The machine ends; what it carried is free. */
  removeNode(name: string): void;
  /** The next `times` calls of the action fail so, and change nothing. */
  fail(action: Action, error: EgressError, times?: number): void;
}

/**
 * A cloud without a cloud, with the rules of the real ones. Its addresses are the pool's `select.addresses`; a machine with
 * several interfaces gets no ephemeral address back, as on AWS.
 */
export function createMemoryCloud(options: MemoryCloudOptions = {}): MemoryCloud {
  const { latencyMs = { read: 0, change: 0 }, onCall } = options;
  const state = emptyState();
  for (const spec of options.nodes ?? []) putNode(state, spec);
  const failures = new Map<Action, EgressError[]>();

  const find = (providerId: string): MemoryNode => {
    const { instance } = providerIdOf("memory", providerId);
    const node = state.nodes.get(instance) ?? (options.nodes ? undefined : putNode(state, { name: instance }));
    if (node === undefined) throw new EgressError("NODE_UNKNOWN", `there is no machine '${instance}'`);
    return node;
  };

  async function call<T>(action: Action, waitMs: number, signal: AbortSignal | undefined, work: () => T): Promise<T> {
    const startedMs = performance.now();
    const report = (code: string) =>
      onCall?.({ cloud: "memory", action, code, durationMs: performance.now() - startedMs });
    try {
      signal?.throwIfAborted();
      if (waitMs > 0) await pause(waitMs, undefined, signal === undefined ? {} : { signal });
      const failure = failures.get(action)?.shift();
      if (failure !== undefined) throw failure;
      const result = work();
      report("ok");
      return result;
    } catch (error) {
      report(error instanceof EgressError ? error.code : "aborted");
      if (error instanceof EgressError) throw error;
      throw new EgressError("CLOUD_UNKNOWN", `${action} was not waited for`, { cause: error });
    }
  }

  return {
    state,
    addNode: (spec) => void putNode(state, spec),
    removeNode: (name) => {
      state.nodes.delete(name);
      for (const [ip, holder] of state.holders) if (holder === name) state.holders.delete(ip);
    },
    fail: (action, error, times = 1) =>
      void failures.set(action, [...(failures.get(action) ?? []), ...Array.from({ length: times }, () => error)]),
    listAddresses: (pool, signal) => call("listAddresses", latencyMs.read, signal, () => listAddresses(state, pool)),
    describeNode: (providerId, signal) =>
      call("describeNode", latencyMs.read, signal, () => describe(find(providerId), providerId)),
    attach: (pool, assignment, signal) =>
      call("attach", latencyMs.change, signal, () => {
        requireStillMine(assignment);
        return attach(state, pool, find(assignment.machine.providerId), assignment);
      }),
    detach: (pool, assignment, signal) =>
      call("detach", latencyMs.change, signal, () => {
        requireStillMine(assignment);
        const { instance } = providerIdOf("memory", assignment.machine.providerId);
        return detach(state, pool, state.nodes.get(instance), assignment);
      }),
  };
}

function listAddresses(state: MemoryState, pool: Pool): CloudAddress[] {
  const rows = (pool.select.addresses ?? [])
    .filter((ip) => !state.gone.has(ip))
    .map((ip) => ({ id: ip, ip, attachedTo: state.holders.get(ip) ?? null, tags: {} }));
  return inOrder(rows, pool.orderBy).map(({ id, ip, attachedTo }) => ({ id, ip, attachedTo }));
}

function describe(node: MemoryNode, providerId: string): CloudNode {
  const { name, running, egressIp, kind, interfaces } = node;
  return { id: name, providerId, running, egressIp, kind, interfaces };
}

function attach(state: MemoryState, pool: Pool, node: MemoryNode, { address }: Assignment): Attached {
  const { ip } = address;
  if (node.egressIp === ip) return { ip, hadEphemeral: node.ephemeral };
  if (node.kind === "reserved") {
    const what = `node ${node.name} carries the static address ${node.egressIp}, which is not the one to be attached`;
    throw new EgressError("NODE_FOREIGN_ADDRESS", `${what}; nothing was changed`);
  }
  if (!node.running) throw new EgressError("NODE_NOT_RUNNING", `node ${node.name} is stopped; accepted: running`);
  if (node.subnet === "private") throw new EgressError("NODE_PRIVATE", `node ${node.name} is in a private subnet`);
  if (state.gone.has(ip) || pool.select.addresses?.includes(ip) !== true) {
    throw new EgressError("ADDRESS_MISSING", `there is no address ${ip}`);
  }
  const holder = state.holders.get(ip);
  if (holder !== undefined) throw new EgressError("ADDRESS_TAKEN", `${ip} is on ${holder}`);
  const hadEphemeral = node.kind === "ephemeral";
  state.holders.set(ip, node.name);
  node.egressIp = ip;
  node.kind = "reserved";
  return { ip, hadEphemeral };
}

function detach(
  state: MemoryState,
  pool: Pool,
  node: MemoryNode | undefined,
  { address, restoreEphemeral, publicAddress }: Assignment & { readonly restoreEphemeral: boolean },
): Detached {
  const egressIp = node?.egressIp ?? null;
  if (node === undefined || state.holders.get(address.ip) !== node.name) return { outcome: "absent", egressIp };
  if (pool.onRelease !== "release" && node.running && node.interfaces > 1) return { outcome: "kept", egressIp };
  state.holders.delete(address.ip);
  node.egressIp = null;
  node.kind = "none";
  publicAddress?.(false);
  if (restoreEphemeral && node.running && node.interfaces === 1) {
    giveEphemeral(state, node);
    publicAddress?.(true);
  }
  return { outcome: "detached", egressIp: node.egressIp };
}
