import { isIP } from "node:net";
import * as z from "zod";

const dns1123Label = z
  .string()
  .max(63, "accepted: at most 63 characters")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "accepted: a lower-case RFC 1123 label such as 'partners'");
const serviceAccount = z
  .string()
  .regex(/^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9.]*$/, "accepted: NAMESPACE/NAME such as 'payments/biller'");
const seconds = (max: number) => z.number().int().min(0).max(max);

/** Both go into pods as they are: what the API server would refuse there has to be refused here. */
const labelKey = z
  .string()
  .regex(
    /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
    "accepted: a label's key such as 'example.com/egress'",
  );
const labelValue = z
  .string()
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, "accepted: a label's value such as 'static'");

const toleration = z
  .strictObject({
    key: labelKey.optional(),
    operator: z.enum(["Exists", "Equal"]).optional(),
    value: labelValue.optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
    tolerationSeconds: z.number().int().optional(),
  })
  .refine((t) => t.key !== undefined || t.operator === "Exists", {
    path: ["key"],
    message: "accepted: a key, or operator: Exists for every taint",
  })
  .refine((t) => t.operator !== "Exists" || t.value === undefined || t.value === "", {
    path: ["value"],
    message: "accepted: no value beside operator: Exists",
  })
  .refine((t) => t.tolerationSeconds === undefined || t.effect === "NoExecute", {
    path: ["tolerationSeconds"],
    message: "accepted: only beside effect: NoExecute",
  });

/** How a pool's addresses are found: all of the given ways must hold. */
const select = z
  .strictObject({
    tags: z.record(z.string().min(1).max(128), z.string().max(256)).optional(),
    filter: z.string().min(1).max(2048).optional(),
    addresses: z.array(z.string().min(1).max(256)).min(1).max(1000).optional(),
  })
  .refine((s) => s.tags !== undefined || s.filter !== undefined || s.addresses !== undefined, {
    message: "accepted: at least one of tags, filter, addresses; a pool never means every address of the account",
  })
  .refine((s) => s.tags === undefined || Object.keys(s.tags).length > 0, {
    path: ["tags"],
    message: "accepted: at least one tag; a pool never means every address of the account",
  });

/**
 * The one schema of a pool, wherever it is written (pools.yaml, EgressPool, command line). Unknown fields are refused.
 * Defaults are the contract's.
 */
export const poolSchema = z
  .strictObject({
    name: dns1123Label,
    cloud: z.enum(["aws", "gcp", "memory"]),
    region: z.string().regex(/^[a-z0-9][-a-z0-9]*$/, "accepted: a region name such as 'eu-west-1'"),
    project: z.string().min(1).max(100).optional(),
    family: z
      .string()
      .refine((f) => f === "ipv4", {
        message: "accepted: ipv4. ipv6 is not served yet: AWS has no elastic IPv6, GCP needs a /96 per interface",
      })
      .default("ipv4"),
    select,
    orderBy: z
      .string()
      .regex(/^-?(tag:.+|ip|id)$/, "accepted: 'tag:NAME', 'ip' or 'id', with a leading '-' to descend")
      .optional(),
    lingerSeconds: seconds(86_400).default(30),
    waitSeconds: seconds(86_400).default(300),
    unreachableSeconds: seconds(86_400).default(60),
    onRelease: z.enum(["release", "keep", "keepUntilNodeGone"]).default("keepUntilNodeGone"),
    verify: z.url({ protocol: /^https?$/, error: "accepted: an http:// or https:// URL" }).optional(),
    placement: z.enum(["pack", "spread", "none"]).default("pack"),
    nodes: z
      .strictObject({
        nodeSelector: z.record(labelKey, labelValue).optional(),
        tolerations: z.array(toleration).optional(),
      })
      .optional(),
    allow: z
      .strictObject({
        namespaces: z.array(dns1123Label).optional(),
        serviceAccounts: z.array(serviceAccount).optional(),
      })
      .optional(),
    authorize: z.enum(["rbac"]).optional(),
    maxAddressesPerNamespace: z.number().int().min(1).max(100_000).optional(),
  })
  .superRefine((pool, context) => {
    if (pool.cloud === "gcp" && pool.project === undefined) {
      context.addIssue({
        code: "custom",
        path: ["project"],
        input: undefined,
        message: "accepted: the GCP project's id",
      });
    }
    if (pool.cloud === "memory") {
      if (pool.select.addresses === undefined || pool.select.tags !== undefined || pool.select.filter !== undefined) {
        context.addIssue({
          code: "custom",
          path: ["select"],
          input: pool.select,
          message: "accepted: only addresses, for cloud: memory",
        });
      }
      for (const [index, address] of (pool.select.addresses ?? []).entries()) {
        if (isIP(address) !== 4) {
          context.addIssue({
            code: "custom",
            path: ["select", "addresses", index],
            input: address,
            message: "accepted: an IPv4 address, for cloud: memory",
          });
        }
      }
    }
  });

/** A pool as the program uses it: every default filled in. */
export type Pool = z.infer<typeof poolSchema>;
