import { systemClock } from "../../clock.ts";
import type { Cloud } from "../port.ts";
import { listAddresses } from "./addresses.ts";
import { attach } from "./attach.ts";
import { type AwsOptions, createAwsCalls } from "./calls.ts";
import { detach } from "./detach.ts";
import { readNode } from "./machine.ts";
import { createRouteCheck } from "./routes.ts";

export type { AwsOptions };

/**
 * AWS EC2 of one account and region. An attach is one read and one change; a node without any public address costs one
 * more read per subnet, remembered for five minutes. A detach is one change and two reads at the same time.
 */
export function createAwsCloud(options: AwsOptions): Cloud {
  const { region, clock = systemClock } = options;
  const calls = createAwsCalls(options);
  const requirePublicSubnet = createRouteCheck(calls, clock);
  return {
    listAddresses: (pool, signal) => listAddresses(calls, pool, signal),
    describeNode: async (providerId, signal) => {
      const { id, running, egressIp, kind, interfaces } = await readNode(calls, providerId, region, signal);
      return { id, providerId, running, egressIp, kind, interfaces };
    },
    attach: (_pool, assignment, signal) => attach(calls, requirePublicSubnet, region, assignment, signal),
    detach: (pool, assignment, signal) => detach(calls, pool, assignment, signal),
  };
}
