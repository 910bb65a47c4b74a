import type { Process } from "./engine.ts";
import type { Node } from "./nodes.ts";

export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly node: Node;
  /** The machine it runs on: a pod moves only with its Node object. */
  machine: string;
  /** From the token that its sidecar gets. */
  readonly nodeUid: string;
  readonly pool: string;
  readonly graceMs: number;
  readonly stopMs: number;
  readonly jobMs: number;
  readonly proceed: boolean;
  phase: "running" | "ending" | "gone";
  deletion: "none" | "wanted" | "forced";
  app: "none" | "running" | "ended";
  /** The files of the run directory. */
  ready: boolean;
  address: string | null;
  sidecar: RunningSidecar | undefined;
  restarts: number;
  /** Its lease may have ended lawfully, although its app runs: until it says again that it holds one. */
  excused: string;
}

export interface RunningSidecar {
  readonly process: Process;
  /** The child that talks to the cloud, while there is one. */
  worker: Process | undefined;
  drain(): void;
  /** SIGTERM; `exited` when it has ended by itself. */
  stop(exited: () => void): void;
  kill(): void;
  /** Kills the child alone: its parent sees it end. */
  killWorker(): void;
}
