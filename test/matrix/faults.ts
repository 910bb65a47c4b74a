import { EgressError } from "../../shared/errors.ts";
import { MachineFault } from "../simulation/network.ts";

export const ports = ["ledger", "cloud", "cluster", "lock", "gate", "echo", "hint"] as const;
export type Port = (typeof ports)[number];
/** What stands before the dot: `ledger.acquire`. */
export const portOf = (call: string): Port => ports.find((port) => call.startsWith(`${port}.`)) ?? unknown(call);

type Kind =
  /** SIGKILL, and a restart as its platform does it; or SIGSTOP, and SIGCONT after `stoppedMs`. `before`: the call leaves afterwards, if at all. */
  | { readonly kind: "kill" | "stop"; readonly when: "before" | "after" }
  /** Of a lost request nothing is done; of a lost answer only nothing is heard. */
  | { readonly kind: "lose"; readonly what: "request" | "answer" }
  /** Answered with an error at once, and not done. */
  | { readonly kind: "refuse"; readonly refusal: () => unknown }
  /** What is called is away from then on, for everybody, for `stoppedMs`. */
  | { readonly kind: "outage" }
  /** The ledger's server is another one from then on, which knows nothing: locks are gone, too. */
  | { readonly kind: "flush" };

/** What an actor meets with at a step. */
export type Fault = Kind & {
  /** The same words in every table. */
  readonly name: string;
  /** Where it means something. */
  readonly at: readonly Port[];
};

/** Longer than a lease (60 s), than a right to work, than a leadership. */
export const stoppedMs = 75_000;

/** A program can be hit wherever it does something. */
const acts: readonly Port[] = ["ledger", "cloud", "cluster", "lock", "gate", "echo"];
/** A file of the pod's own is written or not: only over a network can an answer be lost. */
const remote: readonly Port[] = ["ledger", "cloud", "cluster", "lock"];

export const faults: readonly Fault[] = [
  { name: "kill -9 before", kind: "kill", when: "before", at: acts },
  { name: "kill -9 after", kind: "kill", when: "after", at: acts },
  { name: "stopped before", kind: "stop", when: "before", at: acts },
  { name: "stopped after", kind: "stop", when: "after", at: acts },
  { name: "lost answer", kind: "lose", what: "answer", at: remote },
  { name: "lost request", kind: "lose", what: "request", at: [...remote, "hint"] },
  { name: "outage", kind: "outage", at: ["ledger", "cloud", "cluster"] },
  { name: "ledger flushed", kind: "flush", at: acts },
  { name: "error", kind: "refuse", refusal: () => new EgressError("LEDGER_READONLY", "READONLY"), at: ["ledger"] },
  { name: "error", kind: "refuse", refusal: () => new EgressError("LOCK_LOST", "no quorum"), at: ["lock"] },
  { name: "error", kind: "refuse", refusal: () => new EgressError("CLOUD_UNAVAILABLE", "internal"), at: ["cloud"] },
  { name: "throttled", kind: "refuse", refusal: () => new EgressError("CLOUD_THROTTLED", "slow down"), at: ["cloud"] },
  { name: "denied", kind: "refuse", refusal: () => new EgressError("CLOUD_DENIED", "not allowed"), at: ["cloud"] },
  { name: "error", kind: "refuse", refusal: () => new Error("HTTP 500"), at: ["cluster"] },
  { name: "error", kind: "refuse", refusal: () => new MachineFault("ENOSPC"), at: ["gate"] },
];

function unknown(call: string): never {
  throw new Error(`a call of no known port: ${call}`);
}
