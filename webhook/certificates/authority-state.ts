import { authorityLifeMs, type Authority } from "./authority.ts";
import { readCertificate, servingCertificate } from "./pem.ts";

/** What the Secret holds: the CA that signs, and earlier ones that serving certificates may still come from. */
export interface AuthorityState {
  readonly authority: Authority;
  /** PEM texts of CAs that have not ended, newest first. */
  readonly previous: readonly string[];
}

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The state in a Secret's data, without what has ended by now. Throws CERTIFICATE_INVALID when it cannot be used. */
export function decodeState(data: Readonly<Record<string, string>>, nowMs: number): AuthorityState {
  const { "ca.crt": cert = "", "ca.key": key = "", "previous.crt": previous = "" } = data;
  const { notAfterMs } = servingCertificate(cert, key, "Secret of the CA");
  const earlier = (previous.match(pemBlock) ?? []).map((pem) => `${pem}\n`);
  return { authority: { cert, key, notAfterMs }, previous: earlier.filter((pem) => endOf(pem) > nowMs) };
}

export function encodeState({ authority, previous }: AuthorityState): Record<string, string> {
  return { "ca.crt": authority.cert, "ca.key": authority.key, "previous.crt": previous.join("") };
}

/** A third of its life before its end a new CA is due. */
export function authorityIsDue({ notAfterMs }: Pick<Authority, "notAfterMs">, nowMs: number): boolean {
  return notAfterMs - nowMs < authorityLifeMs / 3;
}

/** The state after `next` has taken over. The CA before it stays trusted until it ends. */
export function rotated(state: AuthorityState | undefined, next: Authority, nowMs: number): AuthorityState {
  const before = state === undefined ? [] : [state.authority.cert, ...state.previous];
  return { authority: next, previous: before.filter((pem) => endOf(pem) > nowMs) };
}

/** Whom the API server is to trust. */
export function bundleOf({ authority, previous }: AuthorityState): string {
  return [authority.cert, ...previous].join("");
}

function endOf(pem: string): number {
  return readCertificate(pem, "earlier CA").validToDate.getTime();
}
