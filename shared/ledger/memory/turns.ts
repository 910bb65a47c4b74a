import type { AddressRecord, AttachmentRecord, PodRecord, State } from "./records.ts";

/** As turns.lua: which namespace has which of a pool's addresses, and whose turn it is to get the next one. */

export const waiters = (state: State): PodRecord[] => [...state.pods.values()].filter((pod) => pod.state === "waiting");

export const bySince = (a: PodRecord, b: PodRecord): number => a.sinceMs - b.sinceMs || (a.podUid < b.podUid ? -1 : 1);

export const namespaceOf = ({ serviceAccount }: Pick<PodRecord, "serviceAccount">): string =>
  serviceAccount.split("/")[0] ?? "";

export function freeAddresses(state: State, pool: string): AddressRecord[] {
  return [...(state.addresses.get(pool)?.values() ?? [])]
    .filter((address) => address.state === "free")
    .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

function holdings(state: State, pool: string, namespace: string): AttachmentRecord[] {
  return [...state.attachments.values()].filter((each) => each.pool === pool && each.namespace === namespace);
}

const quotaOf = (state: State, pool: string): number => state.pools.get(pool)?.maxAddressesPerNamespace ?? Infinity;

/** The pods that queue, by namespace, the oldest first. */
function queues(state: State, pool: string): Map<string, PodRecord[]> {
  const found = new Map<string, PodRecord[]>();
  for (const pod of waiters(state).toSorted(bySince)) {
    if (!pod.queued || pod.pool !== pool) continue;
    const namespace = namespaceOf(pod);
    found.set(namespace, [...(found.get(namespace) ?? []), pod]);
  }
  return found;
}

export function joinQueue(state: State, pod: PodRecord): void {
  state.pods.set(pod.podUid, pod);
  pod.queued = true;
  const turns = state.turns.get(pod.pool) ?? new Map<string, number>();
  state.turns.set(pod.pool, turns);
  const namespace = namespaceOf(pod);
  if (!turns.has(namespace)) turns.set(namespace, pod.sinceMs);
}

/** Not one that cannot get any before its namespace has room again. */
export const isInTurn = ({ queued, reason }: PodRecord): boolean => queued && reason !== "quota";

/** To be called when a command has ended: a namespace without queued pods waits for no turn. */
export function forgetTurns(state: State): void {
  for (const [pool, turns] of state.turns) {
    const queued = queues(state, pool);
    for (const namespace of turns.keys()) if (!queued.has(namespace)) turns.delete(namespace);
  }
}

/** The namespace has got an address. */
export function takeTurn(state: State, now: number, pool: string, namespace: string): void {
  const turns = state.turns.get(pool);
  if (turns?.has(namespace) === true) turns.set(namespace, now);
}

/** As take_turns of turns.lua. */
function takeTurns(
  state: State,
  pool: string,
  serve: (queue: PodRecord[]) => boolean | null,
  untilQuota: boolean,
): void {
  const quota = quotaOf(state, pool);
  const waiting = [...queues(state, pool)]
    .map(([namespace, queue]) => ({
      namespace,
      queue,
      held: holdings(state, pool, namespace).length,
      sinceMs: state.turns.get(pool)?.get(namespace) ?? 0,
    }))
    .filter(({ held }) => held < quota)
    .toSorted((a, b) => a.held - b.held || a.sinceMs - b.sinceMs || (a.namespace < b.namespace ? -1 : 1));
  const served: typeof waiting = [];
  for (;;) {
    const isServed = (served[0]?.held ?? Infinity) < (waiting[0]?.held ?? Infinity);
    const turn = isServed ? served.shift() : waiting.shift();
    if (turn === undefined || (untilQuota && turn.held >= quota)) return;
    const got = serve(turn.queue);
    if (got === null) return;
    turn.held += 1;
    if (got) served.push(turn);
  }
}

/** The pod of each node that waits for an address, in turn; with `asking`, those before it, its own node not counted. */
export function waitingNodes(state: State, pool: string, limit: number, asking?: PodRecord): PodRecord[] {
  const machines = new Set<string>();
  const order: PodRecord[] = [];
  if (limit === 0) return order;
  const serve = (queue: PodRecord[]): boolean | null => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) {
      if (pod.podUid === asking?.podUid) return null;
      const isIn = pod.machine === asking?.machine || machines.has(pod.machine) || state.attachments.has(pod.machine);
      if (isIn) continue;
      machines.add(pod.machine);
      order.push(pod);
      return order.length === limit ? null : true;
    }
    return false;
  };
  takeTurns(state, pool, serve, true);
  return order;
}

export function wakeQueue(state: State, pool: string): void {
  for (const pod of waitingNodes(state, pool, freeAddresses(state, pool).length)) state.wake(pod.podUid);
}

/** The queued pods of a pool, next one first: by pods, as if each had a node of its own. */
export function places(state: State, pool: string): string[] {
  const order: string[] = [];
  const serve = (queue: PodRecord[]): boolean => {
    const pod = queue.shift();
    if (pod !== undefined) order.push(pod.podUid);
    return pod !== undefined;
  };
  takeTurns(state, pool, serve, false);
  return order;
}

/** From now on the attachment counts for the namespace, undefined for none. */
export function countFor(state: State, attachment: AttachmentRecord, namespace: string | undefined): void {
  const before = attachment.namespace;
  if (before === namespace) return;
  if (namespace === undefined) delete attachment.namespace;
  else attachment.namespace = namespace;
  if (before !== undefined) wakeQueue(state, attachment.pool); // its quota may have room again
}

/** Where the namespace has as many addresses of the pool as it may: a sentence that says which. */
export function atQuota(state: State, pool: string, namespace: string): string | null {
  const quota = quotaOf(state, pool);
  const held = holdings(state, pool, namespace).toSorted((a, b) => (a.machine.id < b.machine.id ? -1 : 1));
  if (held.length < quota) return null;
  const shown = held.slice(0, 3).map(({ address, node }) => `${address.ip} on node ${node}`);
  if (held.length > shown.length) shown.push(`${held.length - shown.length} more`);
  return `namespace '${namespace}' has ${held.length} addresses of pool '${pool}', and may have ${quota}: ${shown.join(", ")}`;
}
