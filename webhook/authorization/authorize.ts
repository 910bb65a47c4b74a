import { EgressError } from "../../shared/errors.ts";
import type { Pool } from "../../shared/pools/schema.ts";
import type { MayUse } from "./review-access.ts";

/** Resolves when the service account (`namespace/name`) may use the pool. Rejects with ACCESS_DENIED or ACCESS_UNCHECKED. */
export type Authorize = (serviceAccount: string, pool: string) => Promise<void>;

/** Asks for the right `use` where the pool says `authorize: rbac`; `mayUse` is undefined where there is nobody to ask. */
export function authorizeBy(mayUse: MayUse | undefined, pools: { current(): readonly Pool[] }): Authorize {
  return async (serviceAccount, name) => {
    const pool = pools.current().find((each) => each.name === name);
    if (pool?.authorize !== "rbac") return;
    if (mayUse === undefined)
      throw new EgressError("ACCESS_UNCHECKED", `there is no API server to ask about '${name}'`);
    if (await mayUse(serviceAccount, name)) return;
    throw new EgressError("ACCESS_DENIED", `${serviceAccount} does not have the right 'use' on egresspools '${name}'`);
  };
}
