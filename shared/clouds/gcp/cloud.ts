import type { Cloud } from "../port.ts";
import { createGcpCalls, type GcpOptions } from "./calls.ts";
import { cloudOver } from "./over-calls.ts";

export type { GcpOptions };

/**
 * GCE of one project and region. An attach is two reads and two operations (one, on a node without an ephemeral address,
 * and a third read then); a detach likewise. What has begun is finished even when `signal` aborts the waiting.
 */
export const createGcpCloud = (options: GcpOptions): Cloud => cloudOver(createGcpCalls(options), options);
