// A name server on loopback for tests: answers A and AAAA questions from a table.
import { createSocket, type Socket } from "node:dgram";

/** What it says about one name. `silent`: nothing. */
export type DnsAnswer =
  | { readonly v4?: readonly string[]; readonly v6?: readonly string[]; readonly ttlS: number }
  | "nxdomain"
  | "servfail"
  | "silent";

/** A running name server. */
export interface DnsServer {
  /** `127.0.0.1:port` for the resolver's list. */
  readonly address: string;
  /** Questions so far: `A name`, `AAAA name`. */
  readonly asked: string[];
  close(): void;
}

/** Starts on a free port; names that are not in the table do not exist. */
export async function dnsServer(table: Readonly<Record<string, DnsAnswer>>): Promise<DnsServer> {
  const socket: Socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (question, peer) => {
    const { name, type, end } = questionOf(question);
    asked.push(`${type === 28 ? "AAAA" : "A"} ${name}`);
    const answer = answerTo(question.subarray(0, end), type, table[name] ?? "nxdomain");
    if (answer !== null) socket.send(answer, peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() };
}

function questionOf(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { name: labels.join("."), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(question: Buffer, type: number, answer: DnsAnswer): Buffer | null {
  if (answer === "silent") return null;
  const known = typeof answer === "string" ? [] : ((type === 28 ? answer.v6 : answer.v4) ?? []);
  const head = Buffer.from(question);
  const code = answer === "nxdomain" ? 3 : answer === "servfail" ? 2 : 0;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(known.length, 6);
  head.writeUInt32BE(0, 8);
  const records = known.map((address) => record(type, address, typeof answer === "string" ? 0 : answer.ttlS));
  return Buffer.concat([head, ...records]);
}

function record(type: number, address: string, ttlS: number): Buffer {
  const data = type === 28 ? bytesOfV6(address) : Buffer.from(address.split(".").map(Number));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttlS, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** With one `::`, as tests write them. */
function bytesOfV6(address: string): Buffer {
  const [left = "", right = ""] = address.split("::");
  const words = (text: string): number[] =>
    text
      .split(":")
      .filter((word) => word !== "")
      .map((word) => Number.parseInt(word, 16));
  const bytes = Buffer.alloc(16);
  for (const [i, word] of words(left).entries()) bytes.writeUInt16BE(word, i * 2);
  const tail = words(right);
  for (const [i, word] of tail.entries()) bytes.writeUInt16BE(word, 16 - (tail.length - i) * 2);
  return bytes;
}
