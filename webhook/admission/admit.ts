import type { Access } from "./access.ts";
import { decide, type Decision } from "./decide.ts";
import { patchFor } from "./patch.ts";
import { allowed, denied, patched, type Reply } from "./reply.ts";
import type { AdmissionRequest } from "./review.ts";
import type { AdmissionSettings } from "./settings.ts";

/** The whole of admission: what was decided, and the reply that says so. Pure. `access`: the answer to `questionOf` the request. */
export function admit(
  request: AdmissionRequest,
  settings: AdmissionSettings,
  access: Access = "unchecked",
): { readonly decision: Decision; readonly reply: Reply } {
  const decision = decide(request, settings, access);
  if (decision.outcome === "skip") return { decision, reply: allowed(request.uid) };
  if (decision.outcome === "deny") return { decision, reply: denied(request.uid, decision.reasons) };
  const operations = patchFor(request.object, decision.pod, decision.wish, settings.sidecar);
  return { decision, reply: patched(request.uid, operations, decision.warnings) };
}
