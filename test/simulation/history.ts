import type { RedisWeather } from "./ledger.ts";
import type { CloudName } from "./truth.ts";
import type { Weather } from "./weather.ts";

interface PodCreated {
  readonly do: "create pod";
  readonly pod: number;
  readonly node: number;
  readonly pool: number;
  readonly graceMs: number;
  /** How long its app takes to end when it is told to. */
  readonly stopMs: number;
  /** A job ends by itself after this long; 0: it is none. */
  readonly jobMs: number;
  readonly proceed: boolean;
}

export type PodHappens =
  | PodCreated
  | { readonly do: "delete pod" | "force delete pod"; readonly pod: number }
  | { readonly do: "kill sidecar"; readonly pod: number; readonly againMs: number }
  | { readonly do: "kill worker"; readonly pod: number }
  | { readonly do: "pause sidecar"; readonly pod: number; readonly forMs: number };

export type ControllerHappens =
  | { readonly do: "kill controller"; readonly replica: number; readonly againMs: number }
  | { readonly do: "kill all controllers"; readonly againMs: number }
  | { readonly do: "pause controller"; readonly replica: number; readonly forMs: number }
  /** The clock of its node, and only that one, is off by this much for a while. */
  | {
      readonly do: "controller's clock jumps";
      readonly replica: number;
      readonly byMs: number;
      readonly forMs: number;
    }
  | { readonly do: "api server"; readonly forMs: number; readonly down: boolean; readonly lagMs: number }
  /** The watch on pods forgets one for a moment, as when its label is taken off and put back. */
  | { readonly do: "watch forgets"; readonly pod: number }
  /** Every watch breaks off, misses what happens meanwhile, and lists again. */
  | { readonly do: "watch gap"; readonly forMs: number };

export type NodeHappens =
  | {
      readonly do: "power off" | "freeze" | "partition" | "kubelet stops";
      readonly node: number;
      readonly forMs: number;
    }
  | {
      readonly do: "cut off";
      readonly node: number;
      readonly from: "redis" | "cloud" | "api server";
      readonly forMs: number;
    }
  | { readonly do: "clock jumps"; readonly node: number; readonly byMs: number; readonly forMs: number }
  | { readonly do: "drain node"; readonly node: number }
  /**
   * The machine ends, and another one takes the name. `object`: its Node object goes first, is put over in place, or is even
   * kept with its UID and pods, as when the kubelet of a re-created machine registers before anybody has missed the old one.
   */
  | {
      readonly do: "replace node";
      readonly node: number;
      readonly afterMs: number;
      readonly object: "goes" | "is replaced" | "stays";
    }
  /** The pods of a spot machine are told to end, and after the notice the machine ends, too. */
  | { readonly do: "reclaim node"; readonly node: number; readonly noticeMs: number }
  /** Machine and object go, and nothing comes after them. */
  | { readonly do: "node goes"; readonly node: number; readonly afterMs: number };

export type OutsideHappens =
  | { readonly do: "redis"; readonly forMs: number; readonly weather: Partial<RedisWeather> }
  /**
   * Redis loses what was written from now on for `latestMs` (a failover, an old snapshot), or everything, and is away for
   * `downMs`. `otherServer`: another process goes on, which has another run id.
   */
  | {
      readonly do: "redis loses";
      readonly what: "latest" | "everything";
      readonly latestMs: number;
      readonly downMs: number;
      readonly otherServer: boolean;
    }
  | { readonly do: "cloud"; readonly forMs: number; readonly weather: Partial<Weather> }
  /** Somebody takes an address off by hand, or puts it on a machine of his own for a while. */
  | { readonly do: "take off by hand"; readonly address: number; readonly elsewhereMs: number }
  /** Somebody takes an address off and gives it back to the provider. */
  | { readonly do: "address deleted"; readonly address: number }
  | { readonly do: "pool loses address" | "pool gets address"; readonly pool: number; readonly address: number }
  | { readonly do: "pool lingers"; readonly pool: number; readonly seconds: number }
  | { readonly do: "pool goes"; readonly pool: number; readonly forMs: number }
  /**
   * The next actor that comes to this moment is hit; `hold`: it stands still until another one is at work in the cloud;
   * `power off` and `terminate`: not the actor, but the machine that it works on.
   */
  | {
      readonly do: "trap";
      readonly moment: "read" | "machine read" | "sent" | "done";
      readonly blow: "kill" | "pause" | "hold" | "power off" | "terminate";
      readonly forMs: number;
    }
  /** The next command of that name is lost, or its answer. */
  | { readonly do: "lose"; readonly command: string; readonly what: "request" | "answer" };

/** What happens to the world. Pods, nodes, pools and addresses are numbers; one that does not exist (any more) is left alone. */
export type Happens = PodHappens | ControllerHappens | NodeHappens | OutsideHappens;

export type Event = Happens & { readonly atMs: number };

export interface Setting {
  /** On AWS, in direct mode; otherwise only the controller works. */
  readonly sidecarsWork: boolean;
  /** A change in the cloud takes up to this long on the best of days. */
  readonly slowMs: number;
  readonly replicas: number;
  /** Once all is well nothing happens for a while, and nothing must be done then. */
  readonly rests: boolean;
  readonly pools: readonly {
    readonly cloud: CloudName;
    readonly addresses: readonly number[];
    readonly lingerSeconds: number;
    readonly unreachableSeconds: number;
    readonly onRelease: "release" | "keep" | "keepUntilNodeGone";
    readonly verify: boolean;
  }[];
  readonly nodes: readonly {
    readonly cloud: CloudName;
    readonly interfaces: number;
    /** `foreign`: it carries a reserved address of no pool; `none`: it has no public address (GCE only). */
    readonly carries: "ephemeral" | "foreign" | "none";
  }[];
}

export interface History {
  readonly seed: string;
  readonly setting: Setting;
  /** The last event happens alone, once all is well; how long it takes to be repaired is measured. */
  readonly drill?: boolean;
  readonly events: readonly Event[];
}
