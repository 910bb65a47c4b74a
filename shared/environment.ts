import * as z from "zod";
import { EgressError } from "./errors.ts";

export const prefix = "STATIC_EGRESS_";

/**
 * What the kubelet writes into every pod of a namespace that has a Service named `static-egress-…` (service links,
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables): not ours, and harmless.
 */
const serviceLink = /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;

/**
 * Reads a program's settings from its environment, all problems in one CONFIG_INVALID: the name, the value seen, what is
 * accepted. Names under our prefix that the schema does not know are refused. Values of `secret` names are never repeated.
 */
export function parseEnvironment<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Readonly<Record<string, string | undefined>>,
  secret: readonly string[] = [],
): z.infer<z.ZodObject<Shape>> {
  const known = Object.keys(schema.shape);
  const given = Object.fromEntries(
    known.flatMap((name) => (env[name] === undefined || env[name] === "" ? [] : [[name, env[name]]])),
  );
  const problems = Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name) && !serviceLink.test(name))
    .map(
      (name) =>
        `${name}: unknown; accepted under ${prefix}: ${known.filter((own) => own.startsWith(prefix)).join(", ")}`,
    );
  const result = schema.safeParse(given);
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    const value = given[name];
    const seen = value === undefined ? "missing" : secret.includes(name) ? "(not shown)" : JSON.stringify(value);
    problems.push(`${name}: ${seen}; ${issue.message}`);
  }
  if (problems.length > 0 || result.data === undefined) {
    throw new EgressError("CONFIG_INVALID", `the environment cannot be used:\n  ${problems.join("\n  ")}`);
  }
  return result.data;
}

/** A whole number written as text, with its range in the message. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `accepted: a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `accepted: a whole number from ${min} to ${max}`);
}
