import type { Created } from "./deployment.ts";
import { addressOn, factsOf, inAWord, leavesFrom, type Facts } from "./facts.ts";
import type { Kubelet } from "./kubelet.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

export interface ScriptOptions {
  readonly stage: Stage;
  readonly kubelet: Kubelet;
  readonly create: (name: string, annotations: Readonly<Record<string, string>>) => Promise<Created>;
  readonly say: (text: string) => void;
  /** More than nodes. */
  readonly pods: number;
  readonly signal: AbortSignal;
}

const withinMs = 10_000;
const appStopsMs = 800;

/** Plays a pod's life in all its turns, and holds each claim against ledger, cloud and kubelet. Rejects at the first that fails. */
export async function playScript({ stage, kubelet, create, say, pods, signal }: ScriptOptions): Promise<void> {
  const { ledger, cloud, nodes } = stage;
  const addresses = nodes.length - 1;
  const wish = { "static-egress/pool": "partners" };
  const apart = { ...wish, "static-egress/placement": "spread" };

  async function claim<T>(text: string, holds: (facts: Facts) => T | undefined | false): Promise<T> {
    let seen = "nothing";
    const ask = async () => {
      const facts = factsOf(await ledger.snapshot(), cloud, kubelet);
      seen = inAWord(facts);
      return holds(facts) || undefined;
    };
    const answer = await until(text, ask, { withinMs, signal, seen: () => seen });
    say(`  true: ${text}`);
    return answer;
  }
  async function start(name: string, annotations: Readonly<Record<string, string>>): Promise<string> {
    const created = await create(name, annotations);
    if (created.status !== "started") throw new Error(`${name} was not started: ${created.status}`);
    return created.node;
  }

  say("1. The controller fills the ledger: the nodes, and the pool's addresses as the cloud has them.");
  await claim(
    `${addresses} addresses are free, ${nodes.length} nodes are known`,
    ({ snapshot }) =>
      snapshot.nodes.length === nodes.length &&
      snapshot.addresses.filter(({ state }) => state === "free").length === addresses,
  );

  say("2. The first pod of a node brings an address there; its app starts only then.");
  const first = await start("web-1", wish);
  const ip = await claim(`web-1 leaves from the address of ${first}`, (facts) => {
    const found = addressOn(facts, first);
    return found !== undefined && leavesFrom(facts, "web-1", found) && found;
  });

  say("3. Later pods are packed onto that node and share its address.");
  for (let number = 2; number <= pods - addresses; number++) {
    await start(`web-${number}`, wish);
    await claim(`web-${number} shares ${ip}`, (facts) => leavesFrom(facts, `web-${number}`, ip));
  }
  await claim("one address is in use", (facts) => facts.cloud.holders.size === 1);

  say("4. Pods that are to be spread fill the pool: one address a node.");
  let [lastName, lastNode] = ["web-1", first];
  for (let number = 1; number < addresses; number++) {
    [lastName, lastNode] = [`api-${number}`, await start(`api-${number}`, apart)];
    await claim(`api-${number} leaves from an address of its own`, (facts) => {
      const own = addressOn(facts, lastNode);
      return own !== undefined && own !== ip && leavesFrom(facts, lastName, own);
    });
  }

  say("5. The pool is full: the next node's pod waits, and its app does not start.");
  const late = await start("batch-1", apart);
  await claim("batch-1 waits as number 1 of the queue, on its node's own address", ({ snapshot, cloud, pods }) => {
    const waiter = snapshot.waiters.find(({ pod }) => pod === "demo/batch-1");
    const phase = pods.find(({ pod }) => pod.metadata.name === "batch-1")?.phase;
    const full = cloud.holders.size === addresses && cloud.nodes.get(late)?.kind === "ephemeral";
    return waiter?.reason === "exhausted" && waiter.position === 1 && phase === "starting" && full;
  });

  say("6. A pool that does not exist is refused at once, with what would be accepted.");
  const typo = await create("typo-1", { "static-egress/pool": "partner" });
  if (typo.status !== "denied") throw new Error(`a pod with an unknown pool was ${typo.status}`);

  const expiryOf = ({ snapshot }: Pick<Facts, "snapshot">): number =>
    snapshot.leases.find(({ pod }) => pod === "demo/web-1")?.expiresAtMs ?? 0;
  const before = expiryOf({ snapshot: await ledger.snapshot() });
  say("7. A sidecar is killed: the kubelet starts it again, and the address stays.");
  kubelet.crash("web-1");
  await claim(`web-1's new sidecar has taken up the lease, and web-1 still leaves from ${ip}`, (facts) => {
    const restarts = facts.pods.find(({ pod }) => pod.metadata.name === "web-1")?.restarts;
    return restarts === 1 && expiryOf(facts) > before && leavesFrom(facts, "web-1", ip);
  });

  say(`8. The pods of ${lastNode} go. Their leases count until their apps have ended.`);
  const goers = kubelet.pods().filter(({ pod }) => pod.spec.nodeName === lastNode);
  const freed = addressOn(factsOf(await ledger.snapshot(), cloud, kubelet), lastNode);
  const gone = goers.map(({ pod }) => kubelet.end(pod.metadata.name, appStopsMs));
  await claim(`${lastName}'s lease is draining, and ${freed} is still there`, ({ snapshot, cloud }) => {
    const lease = snapshot.leases.find(({ pod }) => pod === `demo/${lastName}`);
    return lease?.state === "draining" && cloud.holders.get(freed ?? "") === lastNode;
  });
  await Promise.all(gone);
  await claim(
    `${lastNode} has an ephemeral address again`,
    ({ cloud }) => cloud.nodes.get(lastNode)?.kind === "ephemeral",
  );
  await claim(`batch-1 leaves from ${freed}`, (facts) => leavesFrom(facts, "batch-1", freed ?? ""));

  say("9. All go.");
  await Promise.all(kubelet.pods().map(({ pod }) => kubelet.end(pod.metadata.name, 0)));
  await claim(
    "no lease and no waiter is left",
    ({ snapshot }) => snapshot.leases.length + snapshot.waiters.length === 0,
  );
  await claim(
    "every address is free, in the ledger and in the cloud; every node has its way out",
    ({ snapshot, cloud }) =>
      cloud.holders.size === 0 &&
      snapshot.attachments.length === 0 &&
      snapshot.addresses.every(({ state }) => state === "free") &&
      [...cloud.nodes.values()].every(({ kind }) => kind === "ephemeral"),
  );
}
