// A bare client of the admin port: one request on one connection, the answer's head as bytes and its body without chunk framing.
import { connect } from "node:net";

/** An answer. */
export interface AdminAnswer {
  readonly status: number;
  /** Status line and fields as they came, one a line. */
  readonly head: readonly string[];
  readonly body: string;
}

/** How a request differs from a plain one on a connection that ends with it. */
export interface AdminRequest {
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks; rejects when nobody listens. */
export async function askAdmin(port: number, line: string, more: AdminRequest = {}): Promise<AdminAnswer> {
  const fields = { host: "admin", connection: "close", ...more.fields };
  const body = more.body ?? "";
  const length = body === "" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = await exchange(port, `${line} HTTP/1.1\r\n${lines.join("")}${length}\r\n${body}`);
  return readAnswer(text);
}

/** Sends bytes and answers with all that came until the other side ended. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.write(text);
  });
}

/** Reads one answer with a chunked body, or one that the connection's end ends. */
export function readAnswer(text: string): AdminAnswer {
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end).split("\r\n");
  const isChunked = head.some((line) => /^transfer-encoding: chunked$/i.test(line));
  const rest = text.slice(end + 4);
  return { status: Number(head[0]?.split(" ")[1]), head, body: isChunked ? unchunked(rest) : rest };
}

function unchunked(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) return text; // no chunks, whatever the head says
    if (size === 0) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts).toString("utf8");
}
