import type { Server } from "node:http";
import type { Socket } from "node:net";

/** What one client may cost us: time in milliseconds, and connections. */
export interface ServerLimits {
  /** Each costs some 70 KB. */
  readonly connections: number;
  readonly handshakeMs: number;
  /** From the first byte, or from the connection's begin where none comes. */
  readonly headersMs: number;
  /** For headers and body. */
  readonly requestMs: number;
}

export const serverLimits: ServerLimits = {
  connections: 5000,
  handshakeMs: 5000,
  headersMs: 5000,
  requestMs: 10_000,
};

/** TLS 1.3, and of 1.2 what has forward secrecy and AEAD: Mozilla's "intermediate" list, https://ssl-config.mozilla.org. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

export const secureTls = { minVersion: "TLSv1.2", ciphers, honorCipherOrder: true } as const;

/**
 * For node:http and node:https. A token is up to 8 KiB; the strict parser refuses what two readers could read in two ways
 * (Content-Length beside Transfer-Encoding, a bare LF).
 */
export function parserLimits({ headersMs }: ServerLimits) {
  return {
    maxHeaderSize: 12 * 1024,
    insecureHTTPParser: false,
    requireHostHeader: true,
    headersTimeout: headersMs,
    connectionsCheckingInterval: Math.min(1000, headersMs / 4),
  };
}

/**
 * Closes new connections of an address that has as many as are left for all: one alone gets half of them, two a third each, and
 * there is always room for an address that has none.
 */
export function shareConnections(server: Server, most: number): void {
  const open = new Map<string, number>();
  let all = 0;
  server.on("connection", (socket: Socket) => {
    const { remoteAddress = "" } = socket;
    const own = open.get(remoteAddress) ?? 0;
    if (own >= most - all) {
      socket.destroy();
      return;
    }
    all += 1;
    open.set(remoteAddress, own + 1);
    socket.once("close", () => {
      all -= 1;
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
  });
}
