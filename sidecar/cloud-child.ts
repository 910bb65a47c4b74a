import { spawn } from "node:child_process";
import type { Job } from "../shared/ledger/port.ts";
import type { Logger } from "../shared/log.ts";

/**
 * Runs one job in a short-lived process, so that the cloud's SDK never weighs on the long-lived one. The child settles the
 * job itself; a child that dies leaves it to be taken over. Resolves when the child has ended, however it did.
 */
export function runCloudWorker(script: string, nodeFlags: readonly string[], log: Logger) {
  return (job: Job, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [...nodeFlags, script], {
        stdio: ["pipe", "inherit", "inherit"],
        ...(signal === undefined ? {} : { signal, killSignal: "SIGTERM" as const }),
      });
      child.on("error", (error) => {
        if (error.name === "AbortError") return; // it has been told to stop, and still settles
        log.warn({ error }, "cloud worker not run");
        resolve();
      });
      child.on("exit", (code, killed) => {
        if (code !== 0)
          log.warn({ code, signal: killed }, "cloud worker failed: its job is taken over when its time is up");
        resolve();
      });
      child.stdin.on("error", (error) => log.warn({ error }, "cloud worker did not read its job"));
      child.stdin.end(JSON.stringify(job));
    });
}
