import type { Ledger } from "../../shared/ledger/port.ts";
import { historyLength, type HistoryEntry } from "../../shared/ledger/records.ts";

const partLength = 1000;
/** After the last read it is forgotten. */
const idleMs = 60_000;

/**
 * What befell addresses, oldest first. The first read costs all that is kept, the next ones what has come since; reads at
 * the same time are one. Rejects as the ledger does.
 */
export function readHistory(ledger: Pick<Ledger, "history">): () => Promise<readonly HistoryEntry[]> {
  let known: HistoryEntry[] = [];
  let reading: Promise<readonly HistoryEntry[]> | undefined;
  let idle: NodeJS.Timeout | undefined;

  async function read(): Promise<readonly HistoryEntry[]> {
    for (;;) {
      const part = await ledger.history(known.at(-1)?.id ?? "", partLength);
      known = [...known, ...part].slice(-historyLength);
      if (part.length < partLength) return known;
    }
  }

  return () => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      known = [];
    }, idleMs);
    idle.unref();
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
}
