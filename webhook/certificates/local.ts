import type { Clock } from "../../shared/clock.ts";
import { issue, makeAuthority } from "./authority.ts";
import type { CertificateSource } from "./port.ts";

/** A certificate for this machine only, made anew at every start: for trying things out without a cluster. */
export async function localCertificate(clock: Clock): Promise<CertificateSource> {
  const names = [
    { type: "dns", value: "localhost" },
    { type: "ip", value: "127.0.0.1" },
    { type: "ip", value: "::1" },
  ] as const;
  const authority = await makeAuthority(clock());
  const certificate = await issue(authority, names, clock());
  return {
    current: () => certificate,
    trusted: () => authority.cert,
    subscribe: () => () => undefined,
    close: () => undefined,
  };
}
