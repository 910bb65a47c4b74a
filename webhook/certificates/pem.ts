import { createPrivateKey, X509Certificate } from "node:crypto";
import { EgressError } from "../../shared/errors.ts";
import type { ServingCertificate } from "./port.ts";

/** Checks that certificate and key can be read and belong together. Throws CERTIFICATE_INVALID; `where` names the source. */
export function servingCertificate(cert: string, key: string, where: string): ServingCertificate {
  const leaf = readCertificate(cert, where);
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw invalid(`the key cannot be read (${where})`, error);
  }
  if (!matches) throw invalid(`key and certificate do not belong together (${where})`);
  return { key, cert, notAfterMs: leaf.validToDate.getTime() };
}

/** The first certificate of a PEM text. Throws CERTIFICATE_INVALID. */
export function readCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw invalid(`the certificate cannot be read (${where})`, error);
  }
}

function invalid(message: string, cause?: unknown): EgressError {
  return new EgressError("CERTIFICATE_INVALID", message, { cause });
}
