import { codeOf } from "../../shared/errors.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import { historyLength, type HistoryEntry } from "../../shared/ledger/records.ts";

const partLength = 1000;
/** After the last read it is forgotten. */
const idleMs = 60_000;

/**
 * What befell addresses, oldest first. The first read costs all that is kept, the next ones what has come since; reads at
 * the same time are one. Null where the ledger's user may not read it: an ACL of before there was one. Else rejects as the ledger does.
 */
export function readHistory(ledger: Pick<Ledger, "history">): () => Promise<readonly HistoryEntry[] | null> {
  let known: HistoryEntry[] = [];
  let reading: Promise<readonly HistoryEntry[] | null> | undefined;
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
    reading ??= read()
      .catch((error: unknown) => {
        if (codeOf(error) === "LEDGER_DENIED") return null;
        throw error;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
}
