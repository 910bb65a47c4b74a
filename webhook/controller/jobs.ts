import type { Job, Ledger, Settlement } from "../../shared/ledger/port.ts";
import type { Logger } from "../../shared/log.ts";
import type { Troubles } from "./troubles.ts";
import { createWorkQueue } from "./work-queue.ts";

interface JobsOptions {
  readonly ledger: Pick<Ledger, "begin">;
  readonly work: (job: Job, signal: AbortSignal) => Promise<Settlement>;
  /** Called after each job: what is due has changed. */
  readonly done: () => void;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly signal: AbortSignal;
}

/**
 * Nodes whose clouds are slow, or whose turn is yet to come, at the same time, and still nobody waits for them. So many have had their
 * turn within two minutes, well before a job is given up.
 */
const concurrency = 500;

/** Does the cloud work that is due: one job at a time per machine, many machines at once. */
export function startJobs(options: JobsOptions): { look(machine: string): void; idle(): Promise<void> } {
  const { ledger, work, done, log, troubles, signal } = options;

  async function run(machine: string): Promise<number | undefined> {
    const job = await ledger.begin(machine);
    if (job === null) return undefined;
    const { kind, node, fence } = job;
    log.info({ kind, node, machine, pool: job.pool.name, address: job.address.ip, fence }, "job begun");
    const settlement = await work(job, signal);
    done();
    return settlement.outcome === "retry" ? settlement.retryAfterMs : undefined;
  }

  const queue = createWorkQueue({
    concurrency,
    run,
    failed: (machine, error, attempt) => troubles.tell({ error, machine, attempt }, "job not done"),
    signal,
  });
  return { look: (machine) => queue.add(machine), idle: () => queue.idle() };
}
