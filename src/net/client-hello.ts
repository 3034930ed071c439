// Reads what a filter chain is chosen by from a TLS ClientHello (RFC 8446 §4.1.2): server name and offered protocols. Pure; called
// by hello-reader.ts with all bytes so far. It checks no more than it needs: the TLS library reads the same bytes again.

/** What the first bytes of a connection are. */
export type HelloReading =
  | { readonly kind: "hello"; readonly serverName: string; readonly protocols: readonly string[] }
  /** So far it may be one. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "not-tls" };

/** A ClientHello longer than this is not waited for. */
export const HELLO_BYTES_MAX: number = 16_384;

/** Reads the first `length` bytes. A ClientHello that contradicts itself is `not-tls`. Names come in lower case. */
export function readClientHello(bytes: Uint8Array): HelloReading {
  const message = handshakeMessage(bytes);
  if (typeof message === "string") return { kind: message };
  const reader = new Reader(message, 4);
  // legacy_version, random, then three vectors that do not matter here.
  reader.skip(34);
  reader.skip(reader.uint8());
  reader.skip(reader.uint16());
  reader.skip(reader.uint8());
  let serverName = "";
  let protocols: readonly string[] = [];
  if (reader.left > 0) {
    const end = reader.at + 2 + reader.uint16();
    while (reader.at < end && !reader.overrun) {
      const type = reader.uint16();
      const body = reader.take(reader.uint16());
      if (type === EXTENSION_SERVER_NAME) serverName = serverNameOf(body);
      if (type === EXTENSION_ALPN) protocols = protocolsOf(body);
    }
  }
  return reader.overrun ? { kind: "not-tls" } : { kind: "hello", serverName, protocols };
}

/** The whole handshake message, put together when it is spread over records. */
function handshakeMessage(bytes: Uint8Array): Uint8Array | "incomplete" | "not-tls" {
  const pieces: Uint8Array[] = [];
  let have = 0;
  let need = 4;
  for (let at = 0; have < need; ) {
    // Judge by what is there: a byte that cannot begin a record ends the wait for more.
    if (at < bytes.length && bytes[at] !== RECORD_HANDSHAKE) return "not-tls";
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return "not-tls";
    if (at + 5 > bytes.length) return "incomplete";
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (length === 0 || length > HELLO_BYTES_MAX) return "not-tls";
    const piece = bytes.subarray(at + 5, at + 5 + length);
    pieces.push(piece);
    have += piece.length;
    at += 5 + length;
    const head = pieces.length === 1 ? piece : Buffer.concat(pieces);
    if (head.length > 0 && head[0] !== MESSAGE_CLIENT_HELLO) return "not-tls";
    if (head.length >= 4) need = 4 + (((head[1] as number) << 16) | ((head[2] as number) << 8) | (head[3] as number));
    if (need > HELLO_BYTES_MAX) return "not-tls";
    if (piece.length < length && have < need) return "incomplete";
  }
  const whole = pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
  return whole.subarray(0, need);
}

/** RFC 6066 §3: the first host_name. */
function serverNameOf(body: Uint8Array): string {
  const reader = new Reader(body, 0);
  reader.uint16();
  const type = reader.uint8();
  const name = reader.take(reader.uint16());
  return reader.overrun || type !== 0 ? "" : textOf(name).toLowerCase();
}

/** RFC 7301 §3.1. */
function protocolsOf(body: Uint8Array): string[] {
  const reader = new Reader(body, 0);
  const protocols: string[] = [];
  reader.uint16();
  while (reader.left > 0) {
    const protocol = reader.take(reader.uint8());
    if (reader.overrun) break;
    protocols.push(textOf(protocol));
  }
  return protocols;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Reads big-endian numbers; past the end it answers 0 and remembers. */
class Reader {
  at: number;
  overrun: boolean = false;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return Math.max(0, this.bytes.length - this.at);
  }

  uint8(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) this.overrun = true;
    return value ?? 0;
  }

  uint16(): number {
    return (this.uint8() << 8) | this.uint8();
  }

  skip(length: number): void {
    this.at += length;
    if (this.at > this.bytes.length) this.overrun = true;
  }

  take(length: number): Uint8Array {
    const start = this.at;
    this.skip(length);
    return this.bytes.subarray(start, this.at);
  }
}

const RECORD_HANDSHAKE = 22;
const MESSAGE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
