import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import type { Change } from "./truth.ts";
import { isStranger, type Watch, type World } from "./world.ts";

/** Invariants of the design, section 3, seen from the outside: the cloud's own record, the pods' gates, the cluster. */
export interface Invariants extends Watch {
  /** The moment that a sidecar opens a gate. */
  opens(pod: Pod, ip: string | null, isFirst: boolean): void;
  /** Somebody meddles with the address: what pods on its node have is no longer our doing. */
  meddles(addressId: string): void;
  /** Tells of every change that a cloud is about to make. */
  watches(watcher: (change: Change) => void): void;
  /** From now on nothing happens from the outside; the returned function ends that, and judges what was done meanwhile. */
  rests(): () => void;
}

/** How often a pool's inventory may be read while nothing happens. */
const inventoryEveryMs = 60_000;

export function createInvariants(world: World, pods: Pods): Invariants {
  const { story, truth } = world;
  /** Addresses (IPs) that somebody else took off a machine, until we put them somewhere again. */
  const meddled = new Set<string>();
  let watcher: ((change: Change) => void) | undefined;
  let resting: { reads: number; readonly atMs: number } | undefined;

  return {
    watches: (told) => void (watcher = told),
    changes(change) {
      const { kind, address, machine, by, displaced } = change;
      watcher?.(change);
      if (by === "hand") return;
      if (address.id.startsWith("foreign")) story.violate("6", `${address.ip} is of no pool, and ${by} touches it`);
      if (kind === "attach") {
        meddled.delete(address.ip);
        if (displaced !== null) story.violate("1", `${by} displaces ${displaced.ip} on ${machine} by ${address.ip}`);
        if (isStranger(machine)) story.violate("6", `${by} attaches ${address.ip} to a machine of no node`);
        return;
      }
      if (strands(world, address.id, machine)) story.violate("8", `${by} leaves ${machine} without any public address`);
      if (isStranger(machine)) story.violate("10", `${by} takes ${address.ip} off a machine of no node`);
      for (const pod of pods.all.values()) {
        if (pod.machine !== machine || pod.app !== "running" || pod.address !== address.ip) continue;
        if (pod.excused !== "") continue;
        story.violate("3", `${by} takes ${address.ip} off ${machine}, and the app of ${pod.name} runs there`);
      }
    },
    opens(pod, ip, isFirst) {
      // A pod without its object may go on for a while; that it is gone has been said.
      if (pod.excused !== "force deleted") pod.excused = "";
      if (ip === null || !isFirst) return;
      const carried = truth.carriedBy(pod.machine);
      if (carried?.ip === ip) return;
      // Known gap: until the controller has heard of it, nobody can tell another machine behind the same Node object.
      const isNews = world.ledger.dump().nodes.get(pod.node.name)?.machine.id !== pod.machine;
      if (meddled.has(ip) || isNews) return;
      const seen = carried?.ip ?? "no address of a pool";
      story.violate("2", `${pod.name} may start with ${ip}; its machine ${pod.machine} has ${seen}`);
    },
    meddles(id) {
      const { machine, ip = "" } = truth.addresses.get(id) ?? {};
      meddled.add(ip);
      for (const pod of pods.all.values()) if (pod.machine === machine) pod.excused = "meddled with";
    },
    twiceReleased(machine, by) {
      story.violate("7", `${by} takes the ephemeral address off ${machine}: its detach was done already`);
    },
    called(call, by) {
      if (resting === undefined) return;
      if (call.changes)
        story.violate("idle", `${by} sends ${call.action} of ${call.machine}, and nothing has happened`);
      if (call.inventory === true) resting.reads += 1;
    },
    rests() {
      const begun = { reads: 0, atMs: world.engine.now() };
      resting = begun;
      return () => {
        resting = undefined;
        // A ledger in doubt is read for once more.
        const doubts = world.ledger.dump().beat.doubtUntilMs > begun.atMs ? 1 : 0;
        const rounds = 1 + doubts + Math.ceil((world.engine.now() - begun.atMs) / inventoryEveryMs);
        const may = world.pools.length * rounds;
        if (begun.reads > may) story.violate("idle", `${begun.reads} inventories were read, ${may} are enough`);
      };
    },
  };
}

/** Whether a node that is there would have no way out without the address, although the pool says that it keeps it then. */
function strands({ engine, history, truth, cluster, pools }: World, id: string, machine: string): boolean {
  const on = truth.machines.get(machine);
  const policy = pools.find((pool) => pool.select.addresses?.includes(id))?.onRelease ?? "release";
  const isThere = history.setting.nodes.some((_, at) => cluster.node(`node-${at}`)?.providerId === on?.providerId);
  if (on?.cloud !== "aws" || on.power !== "on" || engine.now() - on.onSinceMs < 15_000) return false;
  return on.interfaces > 1 && policy !== "release" && isThere;
}
