import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { verifyAddress } from "../../sidecar/verify.ts";
import { issue, makeAuthority } from "../../webhook/certificates/authority.ts";

const ip = "203.0.113.1";
const never = new AbortController().signal;
let server: Server;

async function serve(handler: RequestListener): Promise<string> {
  server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const says = (text: string) => serve((_request, response) => void response.end(text));

describe("verify", () => {
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const text of [ip, `${ip}\n`, `{"origin":"${ip}"}`, `your address is ${ip}.`, `::ffff:${ip}`, `${ip}:40123`]) {
    it(`accepts ${JSON.stringify(text)}`, async () => {
      expect(await verifyAddress(await says(text), ip, never)).toBeNull();
    });
  }

  for (const text of ["203.0.113.10", "203.0.113.12 203.0.113.100", "1.203.0.113.1", "12203.0.113.1", `${ip}.5`]) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      expect(await verifyAddress(await says(text), ip, never)).toMatch(/ saw .* instead of 203\.0\.113\.1$/);
    });
  }

  it("names the address that it saw", async () => {
    const url = await says("198.51.100.9");
    expect(await verifyAddress(url, ip, never)).toBe(`${url} saw 198.51.100.9 instead of ${ip}`);
  });

  it("says when there was no address in the answer, whatever the answer", async () => {
    expect(await verifyAddress(await says(""), ip, never)).toMatch(/saw no address/);
  });

  it("refuses an answer that is not 200, even with the address in it", async () => {
    const url = await serve((_request, response) => void response.writeHead(502).end(ip));
    expect(await verifyAddress(url, ip, never)).toMatch(/HTTP status 502/);
  });

  it("does not read a huge answer to its end", async () => {
    const url = await serve((_request, response) => {
      response.write("x".repeat(200_000)); // and it goes on for ever
    });
    expect(await verifyAddress(url, ip, never)).toMatch(/did not answer: more than 65536 bytes/);
  });

  it("says why nothing answered", async () => {
    const url = await says(ip);
    server.close();
    await once(server, "close");
    expect(await verifyAddress(url, ip, never)).toMatch(/ECONNREFUSED/);
  });

  it("does not wait for a server that drips", { timeout: 8000 }, async () => {
    const url = await serve((_request, response) => {
      const timer = setInterval(() => response.write(" "), 200);
      response.on("close", () => clearInterval(timer));
    });
    expect(await verifyAddress(url, ip, never)).toMatch(/did not answer in 3000 ms/);
  });

  it("ends at once when the agent is stopped", async () => {
    const stopped = new AbortController();
    const url = await serve(() => stopped.abort());
    expect(await verifyAddress(url, ip, stopped.signal)).toMatch(/did not answer/);
  });

  it("uses a new connection each time", async () => {
    const url = await says(ip);
    let connections = 0;
    server.on("connection", () => (connections += 1));
    await verifyAddress(url, ip, never);
    await verifyAddress(url, ip, never);
    expect(connections).toBe(2);
  });

  it("speaks https, and only with a certificate that can be trusted", async () => {
    const authority = await makeAuthority(Date.now());
    const { cert, key } = await issue(authority, [{ type: "dns", value: "localhost" }], Date.now());
    server = createTlsServer({ cert, key }, (_request, response) => void response.end(ip));
    server.listen(0);
    await once(server, "listening");
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    expect(await verifyAddress(url, ip, never)).toMatch(/did not answer: .*certificate/);
    const usual = getCACertificates("default");
    setDefaultCACertificates([...usual, authority.cert]);
    expect(await verifyAddress(url, ip, never)).toBeNull();
    setDefaultCACertificates(usual);
  });
});
