// One request as raw bytes, its answer as text with what differs from run to run masked.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { eventually } from "./nodes.ts";

/**
 * Sends bytes and reads until the peer closes, or until an answer to each request in them is whole and nothing more comes for `quietMs`: how
 * fast an answer's parts come does not count. `unfinishedMs`: how long it waits for the rest of an answer (default 3,000).
 */
export function exchange(
  port: number,
  request: string,
  how: { readonly tls?: boolean; readonly quietMs?: number; readonly unfinishedMs?: number } = {},
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
    // What came while this process was busy is read before silence is believed.
    const waitFor = (ms: number): NodeJS.Timeout =>
      setTimeout(() => {
        const before = text.length;
        setImmediate(() => text.length === before && finish(text === "" ? "" : "<left open>"));
      }, ms);
    let quiet = waitFor(SILENCE_MS);
    socket.once(how.tls ? "secureConnect" : "connect", () => socket.write(request, "latin1"));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      clearTimeout(quiet);
      const { quietMs = QUIET_MS, unfinishedMs = UNFINISHED_MS } = how;
      quiet = waitFor(areWhole(text, methodsOf(request)) ? quietMs : Math.max(quietMs, unfinishedMs));
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

/**
 * Waits until a proxy has nobody connected at a listener any more, which is named by its port or its stat_prefix: what it says at the end
 * of connections is said then.
 */
export async function untilClosed(adminPort: number, listener: number | string): Promise<void> {
  const name = typeof listener === "number" ? `127.0.0.1_${listener}` : listener;
  const gauge = `listener.${name}.downstream_cx_active`;
  await eventually(async () => {
    const stats = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${gauge}$`);
    return (await stats.text()).trim() === `${gauge}: 0`;
  });
}

/** Waits until each of these listeners has had so many connections, and all of them are over: what their ends say is counted then. */
export async function untilOver(adminPort: number, listeners: readonly string[], connections: number): Promise<void> {
  await eventually(async () => {
    const stats = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=downstream_cx_destroy$`)).text();
    return listeners.every((name) => stats.includes(`listener.${name}.downstream_cx_destroy: ${connections}\n`));
  });
}

/** Methods of the requests in these bytes; of bytes that are none, one without a name: it is answered, too. */
function methodsOf(request: string): readonly string[] {
  const methods = [...request.matchAll(/^(\S+) +\S+ HTTP\/\d\.\d\r?$/gm)].map(([, method = ""]) => method);
  return methods.length === 0 ? [""] : methods;
}

/** Whether a text is a whole final answer to each request, or says in the last one that no other follows. */
function areWhole(text: string, methods: readonly string[]): boolean {
  let rest = text;
  for (const method of methods) {
    let head = "";
    do {
      const headEnd = rest.indexOf("\r\n\r\n");
      if (headEnd < 0) return false;
      head = rest.slice(0, headEnd + 2);
      rest = rest.slice(headEnd + 4);
    } while (/^HTTP\/1\.1 1(?!01)\d\d/.test(head));
    const bodyBytes = bodyLength(head, rest, method);
    if (bodyBytes > rest.length) return false;
    if (/^connection: close\r$/im.test(head)) return true;
    rest = rest.slice(bodyBytes);
  }
  return true;
}

/** Bytes that a head's body has; Infinity: there is more to come, or nobody knows before the connection ends. */
function bodyLength(head: string, rest: string, method: string): number {
  const status = Number(/^HTTP\/\d\.\d (\d+)/.exec(head)?.[1]);
  const isTunnel = status === 101 || (method === "CONNECT" && status < 300);
  if (isTunnel || method === "HEAD" || status === 204 || status === 304) return 0;
  if (/^transfer-encoding: *chunked\r$/im.test(head)) {
    const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(rest);
    return last === null ? Number.POSITIVE_INFINITY : last.index + last[0].length;
  }
  const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
  return length === undefined ? Number.POSITIVE_INFINITY : Number(length);
}

/** How long nobody has to say anything. */
const SILENCE_MS = 10_000;
/** How long an answer may pause before the rest of it: a limit for tests of answers that have none. */
const UNFINISHED_MS = 3_000;
const QUIET_MS = 150;
