import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonGeneralName,
} from "@peculiar/x509";
import type { ServingCertificate } from "./port.ts";

/** A CA of our own, as PEM texts. */
export interface Authority {
  readonly cert: string;
  readonly key: string;
  readonly notAfterMs: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
export const authorityLifeMs = 365 * dayMs;
export const servingLifeMs = 30 * dayMs;
/** Clocks differ: valid a little before it is made. */
const skewMs = 5 * 60_000;

/** A new CA, good for a year, that may sign servers only. */
export async function makeAuthority(nowMs: number): Promise<Authority> {
  const keys = await newKeys();
  const notAfterMs = wholeSeconds(nowMs + authorityLifeMs);
  const cert = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=static-egress webhook CA",
    notBefore: new Date(nowMs - skewMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(cert), key: await exported(keys.privateKey), notAfterMs };
}

/** A serving certificate for the names, good for thirty days, or as long as the CA if that is less. */
export async function issue(
  authority: Authority,
  names: readonly JsonGeneralName[],
  nowMs: number,
): Promise<ServingCertificate> {
  const issuer = new X509Certificate(authority.cert);
  const keys = await newKeys();
  const notAfterMs = wholeSeconds(Math.min(nowMs + servingLifeMs, authority.notAfterMs));
  const cert = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: "CN=static-egress webhook",
    issuer: issuer.subject,
    notBefore: new Date(nowMs - skewMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
    signingKey: await imported(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([...names]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: pemOf(cert), key: await exported(keys.privateKey), notAfterMs };
}

function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** Positive and not zero, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function pemOf(cert: X509Certificate): string {
  return `${cert.toString("pem").trim()}\n`;
}

async function exported(key: webcrypto.CryptoKey): Promise<string> {
  const body = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${body.replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}

function imported(pem: string): Promise<webcrypto.CryptoKey> {
  const body = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", body, algorithm, false, ["sign"]);
}
