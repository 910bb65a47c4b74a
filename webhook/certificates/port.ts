/** What the server shows: PEM texts. `cert` may be a chain. */
export interface ServingCertificate {
  readonly key: string;
  readonly cert: string;
  readonly notAfterMs: number;
}

/** Where the serving certificate comes from; it changes while the server runs. */
export interface CertificateSource {
  current(): ServingCertificate;
  /** PEM of the CAs that clients have to believe; "" where they are not known. A new one is in it before it is served with. */
  trusted(): string;
  /** Calls back with each new certificate; the returned function ends it. */
  subscribe(changed: (certificate: ServingCertificate) => void): () => void;
  close(): void;
}
