import * as z from "zod";
import { parseEnvironment, wholeNumber } from "../shared/environment.ts";
import { readRedisUrl } from "../shared/ledger/redis/url.ts";

const needed = (accepted: string) => z.string({ error: `accepted: ${accepted}` });

function usable(url: string, context: z.core.$RefinementCtx<string>): void {
  if (url === "memory://") return; // the demo without Redis, whose agents share its process
  const read = readRedisUrl(url);
  if ("problem" in read) context.addIssue({ code: "custom", message: read.problem });
}

/** Written into the pod by the webhook, but for what the Secret static-egress-direct brings (REDIS_URL, cloud settings). */
const schema = z.object({
  REDIS_URL: needed(
    "redis://…, rediss://…, redis+sentinel://… or redis+cluster://…, from the Secret static-egress-direct",
  ).superRefine(usable),
  STATIC_EGRESS_LOCK_URLS: z
    .string()
    .superRefine((urls, context) => urls.split(",").forEach((url) => usable(url, context)))
    .optional(),
  STATIC_EGRESS_INSTALLATION: z.string().default("default"),
  STATIC_EGRESS_POOL: needed("the name of a pool"),
  STATIC_EGRESS_ON_UNAVAILABLE: z.enum(["wait", "proceed"], { error: "accepted: wait or proceed" }).default("wait"),
  STATIC_EGRESS_GRACE_SECONDS: wholeNumber(0, 31_536_000).prefault("30"),
  STATIC_EGRESS_LEASE_SECONDS: wholeNumber(3, 3600).prefault("60"),
  STATIC_EGRESS_POD_UID: needed("the pod's UID, by the downward API"),
  STATIC_EGRESS_POD_NAME: needed("the pod's name, by the downward API"),
  STATIC_EGRESS_POD_NAMESPACE: needed("the pod's namespace, by the downward API"),
  STATIC_EGRESS_NODE_NAME: needed("the node's name, by the downward API"),
  STATIC_EGRESS_SERVICE_ACCOUNT: needed("the pod's service account, by the downward API"),
  STATIC_EGRESS_RUN_DIR: z.string().default("/var/run/static-egress"),
  STATIC_EGRESS_LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error"], { error: "accepted: trace, debug, info, warn or error" })
    .default("info"),
});

export type SidecarConfig = z.infer<typeof schema>;

/** Throws CONFIG_INVALID with every problem at once. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): SidecarConfig {
  return parseEnvironment(schema, env, ["REDIS_URL", "STATIC_EGRESS_LOCK_URLS"]);
}
