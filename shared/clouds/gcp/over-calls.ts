import { EgressError } from "../../errors.ts";
import type { Cloud, CloudNode } from "../port.ts";
import { listAddresses } from "./addresses.ts";
import { attach } from "./attach.ts";
import type { GcpCalls, GcpOptions } from "./calls.ts";
import { detach } from "./detach.ts";
import { findNode } from "./machine.ts";

/** The adapter over any calls: without Google's SDK, which is slow to load, wherever they are simulated. */
export function cloudOver(calls: GcpCalls, options: GcpOptions): Cloud {
  return {
    listAddresses: (pool, signal) => waiting(listAddresses(calls, pool), signal),
    describeNode: (providerId, signal) => waiting(describeNode(calls, options, providerId), signal),
    attach: (_pool, assignment, signal) => waiting(attach(calls, options, assignment, signal), signal),
    detach: (_pool, assignment, signal) => waiting(detach(calls, options, assignment), signal),
  };
}

/** Whether an address is a reserved one, GCE tells only by the list of those: a second read. */
async function describeNode(calls: GcpCalls, options: GcpOptions, providerId: string): Promise<CloudNode> {
  const node = await findNode(calls, providerId, options);
  if (node === undefined) throw new EgressError("NODE_UNKNOWN", `there is no machine behind ${providerId}`);
  const { id, running, egressIp, interfaces } = node;
  const reserved = egressIp === null ? [] : await calls.listAddresses(`address="${egressIp}"`);
  const kind = egressIp === null ? "none" : reserved.length > 0 ? "reserved" : "ephemeral";
  return { id, providerId, running, egressIp, kind, interfaces };
}

async function waiting<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const ended = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => {
      const what = "the cloud was not waited for; what it was asked may take effect";
      reject(new EgressError("CLOUD_UNKNOWN", what, { cause: signal.reason }));
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true, signal: ended.signal });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    ended.abort();
  }
}
