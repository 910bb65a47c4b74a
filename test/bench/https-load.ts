import { connect, type TLSSocket } from "node:tls";

export interface LoadResult {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

export interface Target {
  readonly port: number;
  readonly ca: string;
  readonly body: string;
}

const connections = 64;

/**
 * Sends the same POST again and again over kept TLS connections: as little work as possible on our side, as it shares the
 * machine with the server. `rate` per second: open loop, latency counts from when a request was due. Without a rate: each of
 * `concurrency` connections sends as soon as it has its answer.
 */
export async function load(
  target: Target,
  options: { readonly seconds: number; readonly rate?: number; readonly concurrency?: number },
): Promise<LoadResult> {
  const { seconds, rate } = options;
  const sockets = await Promise.all(Array.from({ length: options.concurrency ?? connections }, () => open(target)));
  const bytes = requestBytes(target.body);
  const latencies: number[] = [];
  let failures = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const send = async (socket: TLSSocket, dueAt: number): Promise<void> => {
    const ok = await exchange(socket, bytes);
    latencies.push(performance.now() - dueAt);
    if (!ok) failures++;
  };

  if (rate === undefined) {
    await Promise.all(
      sockets.map(async (socket) => {
        while (performance.now() < endsAt) await send(socket, performance.now());
      }),
    );
  } else {
    await openLoop(sockets, rate, startedAt, endsAt, send);
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0);
  return { rate: Math.round(latencies.length / elapsed), p50Ms: at(0.5), p99Ms: at(0.99), failures };
}

async function openLoop(
  sockets: TLSSocket[],
  rate: number,
  startedAt: number,
  endsAt: number,
  send: (socket: TLSSocket, dueAt: number) => Promise<void>,
): Promise<void> {
  const idle = [...sockets];
  const due: number[] = [];
  const total = Math.round(((endsAt - startedAt) / 1000) * rate);
  let made = 0;
  let done = 0;
  await new Promise<void>((resolve) => {
    const dispatch = (): void => {
      while (due.length > 0 && idle.length > 0) {
        const socket = idle.pop();
        const dueAt = due.shift();
        if (socket === undefined || dueAt === undefined) return;
        void send(socket, dueAt).finally(() => {
          idle.push(socket);
          if (++done === total) resolve();
          else dispatch();
        });
      }
    };
    const tick = (): void => {
      const until = Math.min(total, ((performance.now() - startedAt) / 1000) * rate);
      for (; made < until; made++) due.push(startedAt + (made * 1000) / rate);
      dispatch();
      if (made < total) setTimeout(tick, 1);
    };
    tick();
  });
}

function open({ port, ca }: Target): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}

function requestBytes(body: string): Buffer {
  const head = [
    "POST /mutate?timeout=3s HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Whether the answer was a 200. Knows only answers with a content-length, which both servers give. */
function exchange(socket: TLSSocket, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    let wanted = -1;
    let ok = false;
    const onData = (chunk: Buffer): void => {
      seen += chunk.length;
      if (wanted < 0) {
        const end = chunk.indexOf("\r\n\r\n");
        const head = chunk.toString("latin1", 0, end);
        ok = head.startsWith("HTTP/1.1 200");
        wanted = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      }
      if (seen < wanted) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve(ok);
    };
    const onClose = (): void => reject(new Error("the server closed a connection"));
    socket.on("data", onData);
    socket.once("close", onClose);
    socket.write(bytes);
  });
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
