import type { History } from "./history.ts";
import { runHistory } from "./run.ts";

/** The shortest history found that still breaks the same invariant: events are left out by halves, quarters, one by one. */
export async function shrink(history: History, invariant: string): Promise<History> {
  const fails = async (events: History["events"]): Promise<boolean> => {
    const { violations } = await runHistory({ ...history, events });
    return violations.some((violation) => violation.startsWith(`${invariant}:`));
  };
  let events = history.events;
  for (let size = Math.ceil(events.length / 2); size >= 1;) {
    let shorter = false;
    for (let from = 0; from < events.length;) {
      const without = events.toSpliced(from, size);
      if (await fails(without)) {
        events = without;
        shorter = true;
      } else from += size;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!shorter) break;
  }
  return { ...history, events };
}
