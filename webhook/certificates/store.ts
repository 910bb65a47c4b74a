/** The data of our Secret, and the version that a change of it has to be based on. */
export interface StoredSecret {
  readonly data: Readonly<Record<string, string>>;
  readonly version: string;
}

/**
 * Where a self-made CA lives: one Secret, and the caBundle of our own webhook configuration. Rejects when the API server
 * cannot be asked or refuses us; nothing is half done then.
 */
export interface CertificateStore {
  /** null when there is none. */
  readSecret(): Promise<StoredSecret | null>;
  /** Creates (`version` null) or replaces it. false: another replica was faster; read again. */
  writeSecret(data: Readonly<Record<string, string>>, version: string | null): Promise<boolean>;
  /** The caBundle as PEM text, "" when it is empty; null while there is no such configuration. */
  readBundle(): Promise<string | null>;
  writeBundle(pem: string): Promise<void>;
  /** Calls back whenever the configuration may have changed; goes on by itself after errors. The function returned ends it. */
  watchBundle(changed: () => void): () => void;
}
