/** When the agent asks again. `random` in [0, 1) spreads pods that started together. */

/** After `failures` failed calls in a row: doubling from half a second to at most 15 s, with full jitter above a floor. */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(500 * 2 ** Math.min(failures - 1, 10), 15_000);
  return Math.round(ceiling * (0.5 + random / 2));
}

/** What ends soon, and not always with a wake-up. */
const passing: ReadonlySet<string> = new Set(["attaching", "detaching", "node-unknown", "ledger-doubtful"]);

/** While waiting: wake-ups come by themselves, this is for those that are lost. Below the ledger's waiterLifeMs. */
export function pollMs(reason: string, random: number): number {
  const base = passing.has(reason) ? 2000 : 10_000;
  return Math.round(base * (0.75 + random / 2));
}

/** Renewal at a third of the lease's life, a little early and never in step with other pods. */
export function renewAfterMs(leaseMs: number, random: number): number {
  return Math.round((leaseMs / 3) * (0.8 + random / 5));
}
