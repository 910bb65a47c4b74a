import type { CloudCall } from "../shared/clouds/port.ts";
import type { Metrics } from "../shared/metrics.ts";
import type { ControllerMetrics } from "./controller/metrics.ts";

/** What the controller counts, as the contract's metrics. */
export function controllerMetrics(metrics: Metrics): ControllerMetrics {
  return {
    leading: (leading) => metrics.controllerLeading.set(leading ? 1 : 0),
    sweep(code, durationMs) {
      metrics.controllerSweeps.inc({ code });
      metrics.sweepSeconds.observe(durationMs / 1000);
    },
    inventoryRead: (pool, code) => metrics.inventoryReads.inc({ pool, code }),
    repaired: (kind, count) => metrics.repairs.inc({ kind }, count),
    leaseEnded: (why) => metrics.leasesEnded.inc({ why }),
    renewalLate: (pool, node) => metrics.renewalsLate.inc({ pool, node }),
    ledgerFailed: (code) => metrics.ledgerErrors.inc({ code }),
    ledgerDoubted: (sign) => metrics.ledgerDoubts.inc({ sign }),
    ledgerDoubtful: (doubtful) => metrics.ledgerDoubtful.set(doubtful ? 1 : 0),
    leaseRestored: (pool) => metrics.leasesRestored.inc({ pool }),
    unavailable: (pool, why) => metrics.podsUnavailable.inc({ pool, why }),
    nodesRefused: (code, count) => metrics.nodesRefused.set({ code }, count),
    notInjected: (count) => metrics.podsNotInjected.set(count),
    leasesOn(pool, node, count) {
      if (count === 0) metrics.leases.remove({ pool, node });
      else metrics.leases.set({ pool, node }, count);
    },
    attachments: (pool, state, by) => metrics.attachments.inc({ pool, state }, by),
    figures({ addresses, waiting, exhausted }) {
      // What is not there any more must not stay as it was.
      metrics.addresses.reset();
      metrics.podsWaiting.reset();
      metrics.oldestWaitSeconds.reset();
      metrics.poolExhausted.reset();
      for (const { pool, state, count } of addresses) metrics.addresses.set({ pool, state }, count);
      for (const { pool, count, oldestMs } of waiting) {
        metrics.podsWaiting.set({ pool }, count);
        metrics.oldestWaitSeconds.set({ pool }, oldestMs / 1000);
      }
      for (const { pool, exhausted: is } of exhausted) metrics.poolExhausted.set({ pool }, is ? 1 : 0);
    },
  };
}

/** Counts each call to a cloud. */
export function countCloudCall(metrics: Metrics): (call: CloudCall) => void {
  return ({ cloud, action, code }) => metrics.cloudCalls.inc({ cloud, action, code });
}
