import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Config } from "../config.ts";
import { certificateFromFiles } from "./files.ts";
import type { CertificateSource } from "./port.ts";

/** The certificate as the settings want it: from files, for this machine only, or self-made and kept in the cluster. */
export async function openCertificate(options: {
  readonly config: Config;
  /** undefined: there is no cluster. */
  readonly kubeConfig: KubeConfig | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}): Promise<CertificateSource> {
  const { config, log, clock } = options;
  const { STATIC_EGRESS_TLS_CERT_FILE: certFile, STATIC_EGRESS_TLS_KEY_FILE: keyFile } = config;
  if (certFile !== undefined && keyFile !== undefined) return certificateFromFiles({ certFile, keyFile, log });
  const { localCertificate } = await import("./local.ts");
  return localCertificate(clock);
}
