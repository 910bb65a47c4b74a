import type { Pool } from "./schema.ts";

/**
 * Whether a pool may be used by a service account (`namespace/name`): nothing written means any; otherwise its namespace
 * or the account itself has to be listed.
 */
export function allows(pool: Pool, serviceAccount: string): boolean {
  const { namespaces, serviceAccounts } = pool.allow ?? {};
  if (namespaces === undefined && serviceAccounts === undefined) return true;
  const [namespace = ""] = serviceAccount.split("/");
  return (namespaces?.includes(namespace) ?? false) || (serviceAccounts?.includes(serviceAccount) ?? false);
}
