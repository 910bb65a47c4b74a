import type { ControllerMetrics, Figures } from "../../../webhook/controller/metrics.ts";

export interface RecordedMetrics extends ControllerMetrics {
  readonly inventoryReads: string[];
  readonly ended: string[];
  readonly late: string[];
  sweeps: number;
  last: Figures | undefined;
}

export function recordMetrics(): RecordedMetrics {
  const recorded: RecordedMetrics = {
    inventoryReads: [],
    ended: [],
    late: [],
    sweeps: 0,
    last: undefined,
    leading: () => undefined,
    sweep: () => void (recorded.sweeps += 1),
    inventoryRead: (pool, code) => void recorded.inventoryReads.push(`${pool} ${code}`),
    leaseEnded: (why) => void recorded.ended.push(why),
    renewalLate: (_, node) => void recorded.late.push(node),
    figures: (figures) => void (recorded.last = figures),
  };
  return recorded;
}
