import type { Guard } from "./guard.ts";
import { brokerGuards } from "./of-broker.ts";
import { cloudGuards } from "./of-clouds.ts";
import { inspectionGuards } from "./of-inspection.ts";
import { ledgerGuards } from "./of-ledger.ts";
import { programGuards } from "./of-programs.ts";
import { redisGuards } from "./of-redis.ts";
import { securityGuards } from "./of-security.ts";

/**
 * Each of them taken out has to make its finder fail. Not among them: that an actor is left alone until its deadline. The
 * node's lock and the fence hold without it, so that it only saves work that would be refused. Nor that the controller does
 * not act on a ledger of another epoch before it has filled it: in an emptied ledger nothing is due.
 */
export const guards: readonly Guard[] = [
  ...ledgerGuards,
  ...redisGuards,
  ...programGuards,
  ...cloudGuards,
  ...brokerGuards,
  ...securityGuards,
  ...inspectionGuards,
];
