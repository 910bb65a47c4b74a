import type { Redis } from "ioredis";

/** Indices as sorted lines: what Redis keeps, and what a full scan of the records says they should be. */
export interface Indices {
  readonly kept: readonly string[];
  readonly scanned: readonly string[];
}

interface AttachmentText {
  machine: string;
  id: string;
  pool: string;
  state: string;
  deadline: number;
  lingerUntil: number;
  unsureUntil?: number;
  namespace?: string;
}

/** Reads a whole ledger, and says what each of its indices (docs/ledger.md) should hold; written without the commands' own steps. */
export async function readIndices(redis: Redis, root: string): Promise<Indices> {
  const keys = (await redis.keys(`${root}:*`)).map((key) => key.slice(root.length + 1));
  const family = (prefix: string) =>
    keys.filter((key) => key.startsWith(`${prefix}:`)).map((key) => key.slice(prefix.length + 1));
  const hash = async (key: string) => Object.entries(await redis.hgetall(`${root}:${key}`));
  const scored = async (key: string) => {
    const flat = await redis.call("ZRANGE", `${root}:${key}`, 0, -1, "WITHSCORES");
    const pairs = flat as (string | [string, number])[];
    if (Array.isArray(pairs[0])) return pairs.map((pair) => `${pair[0]} ${pair[1]}`);
    return pairs.flatMap((member, index) => (index % 2 === 0 ? [`${String(member)} ${String(pairs[index + 1])}`] : []));
  };

  const machines = new Set((await hash("machines")).map(([machine]) => machine));
  const pools = new Map([...(await hash("retired")), ...(await hash("pools"))]);
  const leases = new Map<string, string[]>();
  for (const machine of family("leases")) leases.set(machine, await scored(`leases:${machine}`));
  const attachments = (await hash("attachments")).map(([, text]) => JSON.parse(text) as AttachmentText);
  const pods = (await hash("pods")).map(([uid, text]) => ({ uid, ...(JSON.parse(text) as PodText) }));

  function workAt({ machine, pool, state, deadline, lingerUntil, unsureUntil = 0 }: AttachmentText): number | null {
    const isIdle = !leases.has(machine);
    if (state === "attaching")
      return isIdle ? Math.max(deadline, lingerUntil === 0 ? deadline + 10_000 : lingerUntil) : deadline;
    if (state === "detaching") return deadline;
    if (state === "attached") return isIdle ? Math.max(lingerUntil, unsureUntil) : null;
    const { onRelease } = JSON.parse(pools.get(pool) ?? "{}") as { onRelease?: string };
    return machines.has(machine) || onRelease === "keep" ? null : 0;
  }

  const waiting = new Set<string>();
  for (const pool of family("waiting")) {
    for (const row of await scored(`waiting:${pool}`)) waiting.add(row.slice(0, row.lastIndexOf(" ")));
  }
  const queued = pods.filter(
    ({ uid, state, reason }) => state === "waiting" && (waiting.has(uid) || reason === "quota"),
  );
  const held = (pool: string, namespace: string) =>
    attachments.filter((each) => each.pool === pool && each.namespace === namespace).length;
  const namespaces = new Set(queued.map(({ pool, account }) => `${pool} ${account.replace(/\/.*/, "")}`));

  const scanned = [
    ...queued.map(({ uid, pool, account, since }) => `queue:${pool}:${account.replace(/\/.*/, "")} ${uid} ${since}`),
    ...[...namespaces].map((row) => {
      const [pool = "", namespace = ""] = row.split(" ");
      return `turns:${pool} ${namespace} ${held(pool, namespace)}`;
    }),
    ...attachments
      .filter(({ namespace }) => namespace !== undefined)
      .map(({ pool, namespace, machine }) => `holdings:${pool}:${namespace} ${machine} 0`),
    ...[...leases].map(([machine, [first = ""]]) => `expiries ${machine} ${first.slice(first.lastIndexOf(" ") + 1)}`),
    ...attachments.map(({ id, machine }) => `holders ${id} ${machine}`),
    ...attachments.flatMap((attachment) => {
      const at = workAt(attachment);
      return at === null ? [] : [`work ${attachment.machine} ${at}`];
    }),
    ...pods.filter(({ state }) => state === "waiting").map(({ uid, node }) => `waiters:${node} ${uid}`),
  ];
  const kept = [
    ...(await scored("expiries")).map((row) => `expiries ${row}`),
    ...(await hash("holders")).map(([id, machine]) => `holders ${id} ${machine}`),
    ...(await scored("work")).map((row) => `work ${row}`),
  ];
  for (const index of ["queue", "holdings"]) {
    for (const of of family(index))
      kept.push(...(await scored(`${index}:${of}`)).map((row) => `${index}:${of} ${row}`));
  }
  for (const pool of family("turns")) {
    for (const row of await scored(`turns:${pool}`)) {
      const [namespace = "", score = ""] = row.split(" ");
      kept.push(`turns:${pool} ${namespace} ${Math.floor(Number(score) / 1e13)}`);
    }
  }
  for (const node of family("waiters")) {
    for (const uid of await redis.smembers(`${root}:waiters:${node}`)) kept.push(`waiters:${node} ${uid}`);
  }
  for (const pool of family("addresses")) {
    for (const [id, text] of await hash(`addresses:${pool}`)) {
      const { state, rank } = JSON.parse(text) as { state: string; rank: number };
      scanned.push(`${state}:${pool} ${id} ${rank}`);
    }
  }
  for (const state of ["free", "used", "taken", "out"]) {
    for (const pool of family(state)) {
      for (const row of await scored(`${state}:${pool}`)) kept.push(`${state}:${pool} ${row}`);
    }
  }
  return { kept: kept.toSorted(), scanned: scanned.toSorted() };
}

interface PodText {
  state: string;
  node: string;
  pool: string;
  account: string;
  since: number;
  reason?: string;
}
