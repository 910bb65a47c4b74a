import { KubeConfig } from "@kubernetes/client-node";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What was asked of the API server: method, path, query, and what it was asked to answer in. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly body: unknown;
}

/** An API server of which only the answers exist: `answer` gives status and object. Over plain HTTP, on a port of its own. */
export async function fakeApiServer(answer: (asked: Asked) => { status?: number; body: unknown }) {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await read(request);
    const url = new URL(request.url ?? "/", "http://api");
    const { status = 200, body } = answer({
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      accept: request.headers.accept ?? "",
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const config = new KubeConfig();
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: "fake", server: at, skipTLSVerify: true }, { name: "nobody" });
  return {
    config,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text;
}
