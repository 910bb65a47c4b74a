import { patchText, type AddOperation } from "./json-patch.ts";
import type { Reason } from "./reasons.ts";

/** An AdmissionReview as the API server wants it back. Only the functions below build one, so that none is half-built. */
export interface Reply {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
    readonly patchType?: "JSONPatch";
    /** Base64 of the JSON Patch. */
    readonly patch?: string;
    readonly warnings?: readonly string[];
  };
}

/** The API server cuts longer warnings, or drops them. */
const maxWarningLength = 120;

/** The pod goes on as it is. */
export function allowed(uid: string): Reply {
  return review({ uid, allowed: true });
}

/** The pod goes on with the patch. */
export function patched(uid: string, operations: readonly AddOperation[], warnings: readonly string[]): Reply {
  if (operations.length === 0) return allowed(uid);
  return review({
    uid,
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(patchText(operations)).toString("base64"),
    ...(warnings.length > 0 && { warnings: warnings.map(shortened) }),
  });
}

/** The pod is refused, whatever failurePolicy says: only for what its author has to correct. */
export function denied(uid: string, reasons: readonly Reason[]): Reply {
  return review({ uid, allowed: false, status: { code: 403, reason: "Forbidden", message: messageOf(reasons) } });
}

/** One message with all the reasons, numbered when there are several. */
export function messageOf(reasons: readonly Reason[]): string {
  const [first, ...others] = reasons;
  if (first === undefined) return "static-egress does not admit this pod";
  if (others.length === 0) return `static-egress does not admit this pod: ${first.sentence}`;
  const numbered = reasons.map(({ sentence }, index) => `(${index + 1}) ${sentence}`);
  return `static-egress does not admit this pod, for ${reasons.length} reasons: ${numbered.join(" ")}`;
}

function shortened(warning: string): string {
  return warning.length <= maxWarningLength ? warning : `${warning.slice(0, maxWarningLength - 1)}…`;
}

function review(response: Reply["response"]): Reply {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}
