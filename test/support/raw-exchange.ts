// One request as raw bytes, its answer as text with what differs from run to run masked.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Sends bytes and reads until the answer is whole by its content-length, the peer closes, or nothing comes for a while. */
export function exchange(
  port: number,
  request: string,
  how: { readonly tls?: boolean; readonly quietMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = how.tls
      ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
      : connect(port, "127.0.0.1");
    let text = "";
    const finish = (ending: string): void => {
      clearTimeout(quiet);
      socket.destroy();
      resolve(text + ending);
    };
    let quiet = setTimeout(() => finish(""), 10_000);
    socket.once(how.tls ? "secureConnect" : "connect", () => socket.write(request, "latin1"));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(() => finish("<left open>"), how.quietMs ?? 150);
    });
    socket.on("end", () => finish("<closed>"));
    socket.on("error", (error) => (text === "" ? reject(error) : finish("<reset>")));
  });
}

/**
 * The answer with dates, ids and times of its own masked. After `connection: close` it does not count how soon the server closes: Envoy
 * waits for the client up to its delayed close timeout.
 */
export function masked(answer: string): string {
  const whole = /^connection: close\r$/im.test(answer) ? answer.replace(/<(closed|left open)>$/, "<close>") : answer;
  return whole
    .replaceAll(/^(date|Date): .*GMT/gm, "$1: <date>")
    .replaceAll(/(x-envoy-upstream-service-time): \d+/gi, "$1: <ms>")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>");
}
