import * as z from "zod";

const claims = z.object({ aud: z.union([z.string(), z.array(z.string())]), exp: z.number() });

/** Of a token, before anybody has vouched for it: good for refusing, and for nothing else. */
export interface UnprovenClaims {
  readonly audiences: readonly string[];
  readonly endsMs: number;
}

/** What a JWT says of itself; undefined for anything else. */
export function unprovenClaims(token: string): UnprovenClaims | undefined {
  const [, payload = "", ...rest] = token.split(".");
  if (rest.length !== 1) return undefined;
  const read = claims.safeParse(parse(Buffer.from(payload, "base64url").toString()));
  if (!read.success) return undefined;
  const { aud, exp } = read.data;
  return { audiences: typeof aud === "string" ? [aud] : aud, endsMs: exp * 1000 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON: no claims
  }
}
