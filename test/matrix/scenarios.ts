import type { Event, Happens, Setting } from "../simulation/history.ts";
import type { Actor } from "./actors.ts";

/** A piece of a pod's or an address' life in which steps are taken. */
export interface Scenario {
  readonly setting: Setting;
  readonly events: readonly Event[];
  /** The steps between these two moments count; the event that sets them off is at the first. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Whose steps they are; an agent's or a worker's only where they are of this pod. */
  readonly actors: readonly Actor[];
  readonly pod: number;
  /** A kind of fault after which all cannot be well again, with the reason. */
  readonly except?: { readonly fault: string; readonly because: string };
}

const controllers: readonly Actor[] = ["controller", "directory", "inventory", "election"];

export function setting(options: {
  sidecarsWork: boolean;
  addresses: number;
  pool?: Partial<Setting["pools"][number]>;
  interfaces?: number;
  /** What the first node carries. */
  carries?: "ephemeral" | "foreign";
}): Setting {
  const pool = {
    cloud: "aws",
    lingerSeconds: 0,
    unreachableSeconds: 20,
    onRelease: "release",
    verify: false,
    ...options.pool,
  } as const;
  const addresses = Array.from({ length: options.addresses }, (_, index) => index);
  const node = { cloud: "aws", interfaces: options.interfaces ?? 1, carries: "ephemeral" } as const;
  const { sidecarsWork, carries = "ephemeral" } = options;
  const nodes = [{ ...node, carries }, node];
  return { sidecarsWork, slowMs: 0, replicas: 2, rests: false, pools: [{ ...pool, addresses }], nodes };
}

export const pod = (atMs: number, number: number, node: number): Event => ({
  atMs,
  do: "create pod",
  pod: number,
  node,
  pool: 0,
  graceMs: 10_000,
  stopMs: 3_000,
  jobMs: 0,
  proceed: false,
});
const event = (atMs: number, happens: Happens): Event => ({ atMs, ...happens });
const remove = (atMs: number, number: number): Event => event(atMs, { do: "delete pod", pod: number });

/** One address, its node's pod, and a pod elsewhere that waits for it: what is done too early or twice hurts somebody. */
const contested = [pod(0, 0, 0), pod(5_000, 1, 1)];
const triggerMs = 30_000;
const handover = { events: [...contested, remove(triggerMs, 0)], fromMs: triggerMs, untilMs: 75_000 };
const byController = { actors: controllers, pod: -1 };
const bySidecar = (number: number): Pick<Scenario, "actors" | "pod"> => ({ actors: ["agent", "worker"], pod: number });
const direct = { sidecarsWork: true };
const central = { sidecarsWork: false };

export const scenarios = {
  "start, the sidecar works": {
    setting: setting({ ...direct, addresses: 2 }),
    events: [pod(0, 0, 0), pod(100, 1, 1)],
    fromMs: 0,
    untilMs: 20_000,
    ...bySidecar(0),
  },
  "start, the controller works": {
    setting: setting({ ...central, addresses: 2 }),
    events: [pod(0, 0, 0), pod(100, 1, 1)],
    fromMs: 0,
    untilMs: 20_000,
    ...byController,
    actors: ["agent", "controller"],
    pod: 0,
  },
  "second pod of a node": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [pod(0, 0, 0), pod(triggerMs, 1, 0)],
    fromMs: triggerMs,
    untilMs: 45_000,
    ...bySidecar(1),
  },
  "start with an echo URL": {
    setting: setting({ ...direct, addresses: 1, pool: { verify: true } }),
    events: [pod(0, 0, 0)],
    fromMs: 0,
    untilMs: 20_000,
    ...bySidecar(0),
    actors: ["agent"],
  },
  hold: {
    setting: setting({ ...direct, addresses: 1 }),
    events: contested,
    fromMs: triggerMs,
    untilMs: 100_000,
    ...byController,
    actors: ["agent", ...controllers],
    pod: 0,
  },
  "release, the sidecar works": { setting: setting({ ...direct, addresses: 1 }), ...handover, ...bySidecar(0) },
  "taking over, the sidecar works": { setting: setting({ ...direct, addresses: 1 }), ...handover, ...bySidecar(1) },
  "release, the controller works": {
    setting: setting({ ...central, addresses: 1 }),
    ...handover,
    actors: ["agent", "controller"],
    pod: 0,
  },
  "release, and a pod comes back within linger": {
    setting: setting({ ...direct, addresses: 1, pool: { lingerSeconds: 15 } }),
    events: [...contested, remove(triggerMs, 0), pod(triggerMs + 8_000, 2, 0)],
    fromMs: triggerMs,
    untilMs: 75_000,
    actors: ["agent", "controller"],
    pod: 2,
  },
  "release, and the address is kept": {
    setting: setting({ ...direct, addresses: 1, pool: { onRelease: "keepUntilNodeGone" }, interfaces: 2 }),
    events: [pod(0, 0, 0), remove(triggerMs, 0)],
    fromMs: triggerMs,
    untilMs: 60_000,
    ...bySidecar(0),
  },
  "pod gone without a word": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [
      ...contested,
      event(triggerMs, { do: "force delete pod", pod: 0 }),
      event(triggerMs, { do: "kill sidecar", pod: 0, againMs: 60_000 }),
    ],
    fromMs: triggerMs,
    untilMs: 75_000,
    ...byController,
  },
  "actor dead in the middle of an attach": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [
      pod(0, 0, 0),
      event(0, { do: "trap", moment: "done", blow: "kill", forMs: 1_000 }),
      event(1_500, { do: "kill sidecar", pod: 0, againMs: 100_000 }),
    ],
    fromMs: 1_500,
    untilMs: 60_000,
    ...byController,
  },
  "address taken off by hand": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [...contested, event(triggerMs, { do: "take off by hand", address: 0, elsewhereMs: 0 })],
    fromMs: triggerMs,
    untilMs: 140_000,
    ...byController,
  },
  "node gone for good": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [...contested, event(triggerMs, { do: "replace node", node: 0, afterMs: 5_000, object: "goes" })],
    fromMs: triggerMs,
    untilMs: 100_000,
    ...byController,
  },
  "another machine under the same name": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [...contested, event(triggerMs, { do: "replace node", node: 0, afterMs: 5_000, object: "is replaced" })],
    fromMs: triggerMs,
    untilMs: 100_000,
    ...byController,
  },
  "node without power": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [...contested, event(triggerMs, { do: "power off", node: 0, forMs: 240_000 })],
    fromMs: triggerMs,
    untilMs: 180_000,
    ...byController,
  },
  "address out of the pool": {
    setting: setting({ ...direct, addresses: 2 }),
    events: [
      ...contested,
      event(triggerMs, { do: "pool loses address", pool: 0, address: 0 }),
      remove(triggerMs + 12_000, 0),
    ],
    fromMs: triggerMs,
    untilMs: 100_000,
    ...byController,
    except: {
      fault: "ledger flushed",
      because:
        "no pool lists the address and no record says that it was ours: it stays, like any address of somebody else",
    },
  },
  "another replica takes over": {
    setting: setting({ ...direct, addresses: 1 }),
    events: [
      ...contested,
      event(triggerMs, { do: "kill controller", replica: 1, againMs: 120_000 }),
      event(triggerMs, { do: "force delete pod", pod: 0 }),
    ],
    fromMs: triggerMs + 500,
    untilMs: 120_000,
    ...byController,
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
