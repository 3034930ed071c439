// Holds idle HTTP/1.1 connections, cleartext or TLS: each asks once, reads the whole answer and stays. Used by run.ts.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Opens so many connections, `OPENING_MAX` at a time; answers how to end them. Rejects when one fails. */
export async function idleClients(port: number, count: number, tls: boolean): Promise<() => void> {
  const sockets: Socket[] = [];
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  try {
    while (sockets.length < count) {
      const batch = Math.min(OPENING_MAX, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: batch }, () => askOnce(port, tls)))));
    }
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

function askOnce(port: number, tls: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false })
      : connect({ host: "127.0.0.1", port });
    let answer = "";
    socket.once(tls ? "secureConnect" : "connect", () => socket.write("GET / HTTP/1.1\r\nhost: hop\r\n\r\n"));
    socket.on("error", reject);
    socket.once("close", () => reject(new Error(`closed after: ${answer}`)));
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      const head = answer.indexOf("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(answer)?.[1];
      if (head < 0 || answer.length < head + 4 + Number(length)) return;
      if (answer.startsWith("HTTP/1.1 200 ")) resolve(socket);
      else reject(new Error(`answered: ${answer}`));
    });
  });
}

const OPENING_MAX = 32;
