import * as z from "zod";
import { operations, type Operation } from "./operations.ts";
import { errorAnswer } from "./schemas.ts";

const json = (schema: z.ZodType) => {
  // Each schema would name its dialect again; the document has said it.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
  return { "application/json": { schema: rest } };
};
const refused = (description: string) => ({ description, content: json(errorAnswer) });

function described(name: string, { by, does, body, answer }: Operation) {
  return {
    post: {
      operationId: name,
      summary: does,
      security: by === "token" ? [{ token: [] }] : [{ lease: [] }, { token: [] }],
      requestBody: { required: true, content: json(body) },
      responses: {
        ...(answer === undefined
          ? { 204: { description: "Done." } }
          : { 200: { description: "The answer.", content: json(answer) } }),
        400: refused("The body is not what is described here."),
        401: refused("There is no token, or the API server does not vouch for it."),
        403: refused(
          "The token is not a pod's for this API, the secret is not the lease's, or its service account may not use the pool.",
        ),
        429: refused("The pod, or somebody in its place, asks too often: ask again later."),
        503: refused("Nothing was changed: ask again."),
      },
    },
  };
}

/** The lease API as an OpenAPI 3.1 document, out of the schemas that bodies are read with. */
export const openapi = {
  openapi: "3.1.0",
  info: {
    title: "static-egress lease API",
    version: "1",
    description: "A pod's sidecar takes, renews and releases its lease. Codes of errors: docs/errors.md.",
  },
  paths: Object.fromEntries(Object.entries(operations).map(([name, each]) => [each.path, described(name, each)])),
  components: {
    securitySchemes: {
      token: {
        type: "http",
        scheme: "bearer",
        description: "The pod's projected service-account token, audience static-egress.",
      },
      lease: { type: "http", scheme: "Lease", description: "<pod UID>.<secret>, as the last acquire answered it." },
    },
  },
};
