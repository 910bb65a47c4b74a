import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";

/** A sidecar's container while it runs. */
export interface Sidecar {
  /** preStop. */
  drain(): Promise<void>;
  /** SIGTERM, and SIGKILL when the grace period is over; resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL, as a crash. */
  readonly kill: () => void;
  readonly exited: Promise<string>;
}

/** `environment` is the container's; `runDirectory` stands for its volumes: the one at /var/run/static-egress, and the token's. */
export type StartSidecar = (environment: Readonly<Record<string, string>>, runDirectory: string) => Promise<Sidecar>;

/** As Dockerfile.sidecar starts it. */
const nodeFlags = ["--jitless", "--max-semi-space-size=1", "--max-old-space-size=24", "--optimize-for-size"];
const imageEnvironment = { NODE_ENV: "production", MALLOC_ARENA_MAX: "1", UV_THREADPOOL_SIZE: "1" };

/** The real sidecar as a child process, with the container's environment and nothing else of ours. */
export function sidecarProcesses(script: string, path: string): StartSidecar {
  const running = new Set<ChildProcess>();
  process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
  return async (environment, runDirectory) => {
    const log = openSync(join(runDirectory, "sidecar.log"), "a");
    const child = spawn(process.execPath, [...nodeFlags, script], {
      env: { PATH: path, ...imageEnvironment, ...environment, ...volumes(runDirectory) },
      stdio: ["ignore", log, log],
      detached: true, // a Ctrl-C is not for it: the kubelet ends its containers
    });
    closeSync(log);
    const kill = () => void child.kill("SIGKILL");
    running.add(child);
    const exited = new Promise<string>((resolve) => {
      const end = (how: string) => {
        running.delete(child);
        resolve(how);
      };
      child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
      child.once("error", (error) => end(error.message));
    });
    return {
      async drain() {
        // The hook reads the process id from a file: before it is there, it fails, and that is all.
        if (existsSync(join(runDirectory, "pid"))) child.kill("SIGUSR2");
      },
      async stop(graceMs) {
        child.kill("SIGTERM");
        const timer = setTimeout(kill, graceMs);
        await exited;
        clearTimeout(timer);
      },
      kill,
      exited,
    };
  };
}

const volumes = (runDirectory: string) => ({
  STATIC_EGRESS_RUN_DIR: runDirectory,
  STATIC_EGRESS_TOKEN_FILE: join(runDirectory, "token"),
});
