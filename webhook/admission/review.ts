import * as z from "zod";
import { EgressError } from "../../shared/errors.ts";

const reviewSchema = z.object({
  apiVersion: z.literal("admission.k8s.io/v1", "accepted: admission.k8s.io/v1"),
  kind: z.literal("AdmissionReview", "accepted: AdmissionReview"),
  request: z.object({
    uid: z.string().min(1, "accepted: a non-empty uid"),
    kind: z.object({ group: z.string().default(""), version: z.string(), kind: z.string() }),
    operation: z.string(),
    subResource: z.string().optional(),
    namespace: z.string().default(""),
    /** The raw object, by reference: patches are built for it as it came. */
    object: z.unknown(),
  }),
});

/** The part of an AdmissionReview's request that is looked at. `object` is the raw pod, untouched. */
export type AdmissionRequest = z.infer<typeof reviewSchema>["request"];

/** Takes the request out of a decoded AdmissionReview. Throws EgressError REVIEW_INVALID with every problem. */
export function readReview(body: unknown): AdmissionRequest {
  const result = reviewSchema.safeParse(body);
  if (result.success) return result.data.request;
  const problems = result.error.issues.map((issue) => {
    const path = issue.path.join(".") || "body";
    return `${path}: saw ${describe(at(body, issue.path))}; ${issue.message}`;
  });
  throw new EgressError("REVIEW_INVALID", `The body is not an AdmissionReview: ${problems.join("; ")}`);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

/** Short strings as they are; of anything else only the kind, as it may be somebody's whole pod. */
function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
