import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

/** One connection, byte for byte. */
export interface RawConnection {
  /** Sends, and answers what came back before the server closed the connection. */
  readonly exchange: (text: string) => Promise<string>;
  /** Sends, and answers the status line that comes. */
  readonly status: (text: string) => Promise<string>;
  readonly socket: Socket;
}

function over(socket: Socket): RawConnection {
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk) => (received += String(chunk)));
  socket.on("error", () => undefined); // a reset is an end, too
  const ended = new Promise<void>((resolve) => socket.once("close", resolve));
  return {
    socket,
    async exchange(text) {
      socket.write(text);
      await ended;
      return received;
    },
    async status(text) {
      socket.write(text);
      while (!received.includes("\r\n") && !socket.closed)
        await Promise.race([ended, new Promise((resolve) => socket.once("data", resolve))]);
      return received.split("\r\n")[0] ?? "";
    },
  };
}

/** Resolves when it is open; rejects where it is refused. */
export function overTls(port: number, options: ConnectionOptions & { localAddress?: string } = {}) {
  return new Promise<RawConnection>((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      resolve(over(socket));
    });
    socket.once("error", reject).once("close", () => reject(new Error("closed")));
  });
}

export function overTcp(port: number): Promise<RawConnection> {
  return new Promise<RawConnection>((resolve, reject) => {
    const socket = connectTcp({ host: "127.0.0.1", port }, () => resolve(over(socket)));
    socket.once("error", reject);
  });
}
