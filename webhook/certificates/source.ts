import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Config } from "../config.ts";
import { certificateFromFiles } from "./files.ts";
import type { CertificateSource } from "./port.ts";

interface SourceOptions {
  readonly config: Config;
  /** undefined: there is no cluster. */
  readonly kubeConfig: KubeConfig | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The certificate as the settings want it: from files, for this machine only, or self-made and kept in the cluster. */
export async function openCertificate(options: SourceOptions): Promise<CertificateSource> {
  const { config, kubeConfig, log, clock } = options;
  const { STATIC_EGRESS_TLS_CERT_FILE: certFile, STATIC_EGRESS_TLS_KEY_FILE: keyFile } = config;
  const caFile = config.STATIC_EGRESS_TLS_CA_FILE;
  if (certFile !== undefined && keyFile !== undefined) return certificateFromFiles({ certFile, keyFile, caFile, log });
  if (kubeConfig !== undefined) return keptInCluster({ ...options, kubeConfig });
  const { localCertificate } = await import("./local.ts");
  return localCertificate(clock);
}

async function keptInCluster(options: SourceOptions & { readonly kubeConfig: KubeConfig }): Promise<CertificateSource> {
  const { config, kubeConfig, log, clock } = options;
  const [{ kubernetesStore }, { selfMadeCertificate }, { keepStepping }] = await Promise.all([
    import("./kubernetes-store.ts"),
    import("./self-made.ts"),
    import("./keep.ts"),
  ]);
  const store = kubernetesStore({
    kubeConfig,
    namespace: config.STATIC_EGRESS_NAMESPACE,
    secret: config.STATIC_EGRESS_CERTIFICATE_SECRET,
    configuration: config.STATIC_EGRESS_CONFIGURATION,
    log,
  });
  const { STATIC_EGRESS_SERVICE: service, STATIC_EGRESS_NAMESPACE: namespace } = config;
  const name = `${service}.${namespace}.svc`;
  const source = selfMadeCertificate({
    store,
    names: [name, `${name}.cluster.local`, `${service}.${namespace}`, service],
    clock,
    log,
  });
  const stop = await keepStepping({ source, store, log });
  return {
    ...source,
    close() {
      stop();
      source.close();
    },
  };
}
