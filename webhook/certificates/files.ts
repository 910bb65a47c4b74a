import { readFile } from "node:fs/promises";
import { EgressError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { readCertificate, servingCertificate } from "./pem.ts";
import type { CertificateSource, ServingCertificate } from "./port.ts";

export interface FileSource extends CertificateSource {
  /** Looks at the files now. Never rejects. */
  look(): Promise<void>;
}

const usualEveryMs = 5_000;

/**
 * A certificate in two files, looked at again and again (a mounted Secret changes by a swap of symbolic links). Rejects with
 * CERTIFICATE_INVALID at the start; later a wrong or half written pair is logged, and the last good one stays in use.
 */
export async function certificateFromFiles(options: {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the CA; looked at with the others. */
  readonly caFile?: string | undefined;
  readonly log: Logger;
  readonly everyMs?: number;
}): Promise<FileSource> {
  const { certFile, keyFile, caFile, log, everyMs = usualEveryMs } = options;
  const subscribers = new Set<(certificate: ServingCertificate) => void>();
  let current = await read(certFile, keyFile);
  let trusted = await readTrusted(caFile);
  let refused = "";

  async function look(): Promise<void> {
    try {
      trusted = await readTrusted(caFile);
      const found = await read(certFile, keyFile);
      refused = "";
      if (found.cert === current.cert && found.key === current.key) return;
      current = found;
      log.info({ notAfter: new Date(found.notAfterMs).toISOString() }, "certificate reloaded");
      for (const changed of subscribers) changed(found);
    } catch (error) {
      if (String(error) !== refused) log.error({ error }, "certificate not reloaded");
      refused = String(error);
    }
  }

  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return {
    current: () => current,
    trusted: () => trusted,
    subscribe(changed) {
      subscribers.add(changed);
      return () => void subscribers.delete(changed);
    },
    look,
    close: () => clearInterval(timer),
  };
}

async function read(certFile: string, keyFile: string): Promise<ServingCertificate> {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  return servingCertificate(cert, key, `${certFile}, ${keyFile}`);
}

/** Refuses what is no certificate: it would be written into pods. */
async function readTrusted(file: string | undefined): Promise<string> {
  if (file === undefined) return "";
  const text = await readText(file);
  readCertificate(text, file);
  return text;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new EgressError("CERTIFICATE_INVALID", `certificate files cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}
