import { describe, expect, it } from "vitest";
import { countsDiffer, recordsOf, snapshotOf, takeIn } from "../../webhook/inspection/records.ts";
import { aLease, anAttachment, aSnapshot } from "../support/cluster/snapshots.ts";

const address = (ip: string, state: "free" | "used" | "taken" | "out") => ({ pool: "partners", id: ip, ip, state });
const empty = aSnapshot({ pools: [] });

describe("the mirror's records", () => {
  const before = aSnapshot({
    addresses: [address("203.0.113.1", "used"), address("203.0.113.2", "free"), address("203.0.113.3", "out")],
    attachments: [anAttachment("n1", "203.0.113.1"), anAttachment("n3", "203.0.113.3")],
    leases: [aLease("p1", "n1"), aLease("p3", "n3")],
  });

  it("say what the snapshot said", () => {
    expect(snapshotOf(recordsOf(before), "1", 100_000)).toEqual(before);
  });

  it("know addresses by who carries them: one that is out goes with its last lease", () => {
    const records = recordsOf(before);
    takeIn(records, "n1", empty);
    takeIn(records, "n3", empty);
    takeIn(records, "n2", { ...empty, attachments: [anAttachment("n2", "203.0.113.2")] });
    const { addresses } = snapshotOf(records, "1", 100_000);
    expect(addresses.map(({ ip, state }) => [ip, state])).toEqual([
      ["203.0.113.1", "free"],
      ["203.0.113.2", "used"],
    ]);
  });

  it("are found out when the ledger counts others", () => {
    const counts = { free: 1, used: 1, taken: 0, out: 1 };
    const pools = [{ name: "partners", addresses: counts, holders: [] }];
    expect(countsDiffer(before.addresses, pools)).toBe(false);
    expect(countsDiffer(before.addresses, [{ ...pools[0]!, addresses: { ...counts, free: 2 } }])).toBe(true);
    expect(countsDiffer(before.addresses, [])).toBe(true);
  });
});
