import { EgressError } from "../errors.ts";
import type { Assignment } from "./port.ts";

/** Throws LOCK_LOST when the caller's right to work has ended. To be called with nothing awaited before the change itself. */
export function requireStillMine({ machine, address, attempt, stillMine }: Assignment): void {
  if (stillMine?.() === false) {
    const what = `attempt ${attempt} at ${address.ip} on ${machine.id} came too late`;
    throw new EgressError("LOCK_LOST", `${what}; nothing was changed`);
  }
}
