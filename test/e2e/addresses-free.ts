import type { Settings } from "./settings.ts";
import { labFacts } from "./support/lab.ts";
import { until } from "./support/wait.ts";

/** Longer than a ledger that has lost data is in doubt, and detaches nothing. */
const patienceSeconds = 200;

/** Resolves once no address of a pool is on a node, by the cloud's record; at once where nothing can tell. */
export async function addressesFree(settings: Settings): Promise<void> {
  if (!settings.lab) return;
  const facts = labFacts(settings.lab);
  await until(
    "every address is free",
    async () => {
      const pools = await Promise.all(["partners", "billing"].map((pool) => facts.poolAddresses(pool)));
      const used = pools.flatMap((pool) => [...pool]).filter(([, node]) => node !== null);
      return used.length === 0 ? used : used.map(([ip, node]) => `${ip} on ${node}`).join(", ");
    },
    patienceSeconds,
  );
}
