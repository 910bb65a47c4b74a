import { assignment, overBackend, startFake } from "../support/clouds/harness.ts";
import { worldOf } from "../support/clouds/world.ts";
import type { Row } from "./row.ts";

const ip = "203.0.113.8";

/** Calls that an attach and a detach on an ordinary node cost, by action, counted on EC2 and GCE in small. */
export async function benchCalls(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const cloud of ["aws", "gcp"] as const) {
    const under = await overBackend(cloud, await startFake(worldOf(cloud)));
    const counted = (what: string) => {
      const actions = under.calls.map(({ action }) => action);
      for (const action of new Set(actions)) {
        const value = actions.filter((one) => one === action).length;
        rows.push({ name: `calls of ${what}, ${cloud}: ${action}`, value, unit: "" });
      }
    };
    try {
      await under.cloud.attach(under.pool(), await assignment(under, "node-1", ip));
      counted("an attach");
      await under.cloud.detach(under.pool(), await assignment(under, "node-1", ip));
      counted("a release");
    } finally {
      await under.close();
    }
  }
  return rows;
}
