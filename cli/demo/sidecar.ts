import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { createLeaseService } from "../../shared/leases/service.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import { startAgent } from "../../sidecar/agent.ts";
import { parseConfig } from "../../sidecar/config.ts";
import { createGate } from "../../sidecar/gate.ts";
import { verifyAddress } from "../../sidecar/verify.ts";

/** A sidecar's container while it runs. */
export interface Sidecar {
  /** preStop. */
  drain(): Promise<void>;
  /** SIGTERM, and SIGKILL when the grace period is over; resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL, as a crash. Null where the sidecar is no process of its own. */
  readonly kill: (() => void) | null;
  readonly exited: Promise<string>;
}

/** `environment` is the container's; `runDirectory` stands for the volume mounted at /var/run/static-egress. */
export type StartSidecar = (environment: Readonly<Record<string, string>>, runDirectory: string) => Promise<Sidecar>;

/** As Dockerfile.sidecar starts it. */
const nodeFlags = ["--jitless", "--max-semi-space-size=1", "--max-old-space-size=24", "--optimize-for-size"];
const imageEnvironment = { NODE_ENV: "production", MALLOC_ARENA_MAX: "1", UV_THREADPOOL_SIZE: "1" };

/** The real sidecar as a child process, with the container's environment and nothing else of ours. */
export function sidecarProcesses(script: string, path: string): StartSidecar {
  return async (environment, runDirectory) => {
    const log = openSync(join(runDirectory, "sidecar.log"), "a");
    const child = spawn(process.execPath, [...nodeFlags, script], {
      env: { PATH: path, ...imageEnvironment, ...environment, STATIC_EGRESS_RUN_DIR: runDirectory },
      stdio: ["ignore", log, log],
      detached: true, // a Ctrl-C is not for it: the kubelet ends its containers
    });
    closeSync(log);
    const kill = () => void child.kill("SIGKILL");
    process.on("exit", kill);
    const exited = new Promise<string>((resolve) => {
      const end = (how: string) => {
        process.off("exit", kill);
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

/** The sidecar's agent in this process, over this process' ledger: where there is no Redis to meet in. */
export function sidecarsInside(ledger: Ledger, log: Logger): StartSidecar {
  return async (environment, runDirectory) => {
    const config = parseConfig({ ...environment, STATIC_EGRESS_RUN_DIR: runDirectory });
    const namespace = config.STATIC_EGRESS_POD_NAMESPACE;
    const leaseMs = config.STATIC_EGRESS_LEASE_SECONDS * 1000;
    const leases = createLeaseService({
      ledger,
      work: () => Promise.reject(new Error("no cloud work was asked for")),
      mayWork: ["aws"],
      leaseMs,
      log,
    });
    const agent = startAgent({
      leases,
      claim: {
        podUid: config.STATIC_EGRESS_POD_UID,
        pod: `${namespace}/${config.STATIC_EGRESS_POD_NAME}`,
        serviceAccount: `${namespace}/${config.STATIC_EGRESS_SERVICE_ACCOUNT}`,
        node: config.STATIC_EGRESS_NODE_NAME,
        pool: config.STATIC_EGRESS_POOL,
      },
      gate: await createGate(runDirectory, process.pid),
      verify: verifyAddress,
      onUnavailable: config.STATIC_EGRESS_ON_UNAVAILABLE,
      graceMs: config.STATIC_EGRESS_GRACE_SECONDS * 1000,
      leaseMs,
      log,
      clock: systemClock,
      random: Math.random,
    });
    return {
      drain: () => agent.drain(),
      stop: () => agent.stop(1500),
      kill: null,
      exited: agent.done.then(() => "ended"),
    };
  };
}
