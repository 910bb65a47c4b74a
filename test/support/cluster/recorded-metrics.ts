import type { ControllerMetrics, Figures } from "../../../webhook/controller/metrics.ts";

export interface RecordedMetrics extends ControllerMetrics {
  readonly inventoryReads: string[];
  readonly repairs: Map<string, number>;
  readonly ended: string[];
  readonly late: string[];
  sweeps: number;
  readonly doubts: string[];
  ledgerFailures: number;
  readonly notes: string[];
  readonly refused: Map<string, number>;
  doubtful: boolean;
  restored: number;
  uninjected: number;
  /** `<pool> <node>` to leases. */
  readonly leases: Map<string, number>;
  /** `<pool> <state>` to addresses. */
  readonly attached: Map<string, number>;
  last: Figures | undefined;
}

export function recordMetrics(): RecordedMetrics {
  const recorded: RecordedMetrics = {
    inventoryReads: [],
    repairs: new Map(),
    ended: [],
    late: [],
    sweeps: 0,
    doubts: [],
    ledgerFailures: 0,
    notes: [],
    refused: new Map(),
    doubtful: false,
    restored: 0,
    uninjected: 0,
    leases: new Map(),
    attached: new Map(),
    last: undefined,
    leading: () => undefined,
    sweep: () => void (recorded.sweeps += 1),
    repaired: (kind, count) => void recorded.repairs.set(kind, (recorded.repairs.get(kind) ?? 0) + count),
    inventoryRead: (pool, code) => void recorded.inventoryReads.push(`${pool} ${code}`),
    leaseEnded: (why) => void recorded.ended.push(why),
    renewalLate: (_, node) => void recorded.late.push(node),
    unavailable: (pool, why) => void recorded.notes.push(`${pool} ${why}`),
    nodesRefused: (code, count) => void recorded.refused.set(code, count),
    ledgerFailed: () => void (recorded.ledgerFailures += 1),
    ledgerDoubted: (sign) => void recorded.doubts.push(sign),
    ledgerDoubtful: (doubtful) => void (recorded.doubtful = doubtful),
    leaseRestored: () => void (recorded.restored += 1),
    notInjected: (count) => void (recorded.uninjected = count),
    leasesOn(pool, node, count) {
      if (count === 0) recorded.leases.delete(`${pool} ${node}`);
      else recorded.leases.set(`${pool} ${node}`, count);
    },
    attachments(pool, state, by) {
      const kind = `${pool} ${state}`;
      recorded.attached.set(kind, (recorded.attached.get(kind) ?? 0) + by);
    },
    figures: (figures) => void (recorded.last = figures),
  };
  return recorded;
}
