import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

const page = readFileSync(new URL("../../docs/ledger.md", import.meta.url), "utf8");

/** What docs/ledger.md grants a user. */
export const rulesOf = (user: string): string[] =>
  new RegExp(`^ACL SETUSER ${user} (.+)$`, "m").exec(page)?.[1]?.split(" ") ?? [];

export interface LedgerUser {
  /** To connect as that user. */
  readonly url: string;
  forget(): Promise<void>;
}

/** Makes a user as docs/ledger.md has it, of one installation, with further rules. `redis` may do so; `url` is that server's. */
export async function ledgerUser(
  redis: Redis,
  url: string,
  user: string,
  installation: string,
  but: readonly string[] = [],
): Promise<LedgerUser> {
  const [name, password] = [`user-${randomUUID()}`, randomUUID()];
  const rules = rulesOf(user).map((rule) =>
    rule.replace("PASSWORD", password).replace("{default}", `{${installation}}`),
  );
  await redis.call("ACL", "SETUSER", name, ...rules, ...but);
  const as = new URL(url);
  as.username = name;
  as.password = password;
  return {
    url: as.href,
    async forget() {
      await redis.call("ACL", "DELUSER", name);
    },
  };
}
