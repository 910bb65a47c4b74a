import * as z from "zod";
import { parseEnvironment, wholeNumber } from "../shared/environment.ts";
import { readRedisUrl } from "../shared/ledger/redis/url.ts";

const needed = (accepted: string) => z.string({ error: `accepted: ${accepted}` });

function usable(url: string, context: z.core.$RefinementCtx<string>): void {
  const read = readRedisUrl(url);
  if ("problem" in read) context.addIssue({ code: "custom", message: read.problem });
}

const common = {
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
  STATIC_EGRESS_TOKEN_FILE: z.string().default("/var/run/secrets/static-egress/token"),
  STATIC_EGRESS_LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error"], { error: "accepted: trace, debug, info, warn or error" })
    .default("info"),
};

/** What both modes have. Written into the pod by the webhook. */
export type SidecarConfig = z.infer<z.ZodObject<typeof common>>;

/** Of direct mode: the Secret static-egress-direct brings what is not `common` (and cloud settings). */
const direct = z.object({
  ...common,
  REDIS_URL: needed(
    "redis://…, rediss://…, redis+sentinel://… or redis+cluster://…, from the Secret static-egress-direct",
  ).superRefine(usable),
  STATIC_EGRESS_LOCK_URLS: z
    .string()
    .superRefine((urls, context) => urls.split(",").forEach((url) => usable(url, context)))
    .optional(),
  STATIC_EGRESS_INSTALLATION: z.string().default("default"),
});

const brokered = z.object({
  ...common,
  STATIC_EGRESS_BROKER_URL: z.url({ protocol: /^https$/, error: "accepted: https://…, the webhook's Service" }),
  STATIC_EGRESS_BROKER_CA: needed("PEM of the webhook's CA").includes(
    "-----BEGIN CERTIFICATE-----",
    "accepted: PEM of the webhook's CA",
  ),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** Of direct mode. Throws CONFIG_INVALID with every problem at once. */
export function parseConfig(env: Environment): z.infer<typeof direct> {
  return parseEnvironment(direct, env, ["REDIS_URL", "STATIC_EGRESS_LOCK_URLS"]);
}

/** Of brokered mode. Throws CONFIG_INVALID with every problem at once. */
export function parseBrokeredConfig(env: Environment): z.infer<typeof brokered> {
  return parseEnvironment(brokered, env);
}
