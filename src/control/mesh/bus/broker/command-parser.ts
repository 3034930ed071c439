// Bytes of a NATS client to commands, whatever pieces they come in. Owns no socket; broker-client.ts feeds it. Text is latin1 on both
// ways through the broker, so that every byte of a subject comes out as it went in.
import type { BrokerLimits } from "./broker-limits.ts";

/** What a client asks. Subjects are as sent: whoever uses them checks them. */
export type Command =
  | { readonly type: "connect"; readonly json: string }
  | { readonly type: "ping" }
  | { readonly type: "pong" }
  /** `queue` is empty without a group. */
  | { readonly type: "subscribe"; readonly subject: string; readonly queue: string; readonly sid: string }
  /** Ends after `max` messages counted from its beginning; 0: now. */
  | { readonly type: "unsubscribe"; readonly sid: string; readonly max: number }
  | Publication
  /** The last command: the connection ends. `text` goes into -ERR. */
  | { readonly type: "fault"; readonly text: string };

/** A message. `body` is the header block, `headerBytes` long (0: none), and the payload. */
export interface Publication {
  readonly type: "publish";
  readonly subject: string;
  /** Empty: no answer is awaited. */
  readonly reply: string;
  readonly headerBytes: number;
  readonly body: Buffer;
}

type Head = Omit<Publication, "body"> & { readonly bodyBytes: number };

/** The parser of one connection; it holds at most one command. */
export class CommandParser {
  private readonly limits: BrokerLimits;
  private readonly emit: (command: Command) => void;
  /** Of a line or of a body that has not come whole. */
  private held: Buffer = Buffer.alloc(0);
  private heldBytes = 0;
  private head: Head | null = null;
  private isOver = false;

  constructor(limits: BrokerLimits, emit: (command: Command) => void) {
    this.limits = limits;
    this.emit = emit;
  }

  /** Takes the next bytes, which may be any piece of the stream; they are not kept beyond the message that they belong to. */
  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.isOver) {
      at = this.head === null ? this.readLine(bytes, at) : this.readBody(bytes, at, this.head);
    }
  }

  /** Nothing is emitted any more. */
  stop(): void {
    this.isOver = true;
    this.held = Buffer.alloc(0);
  }

  private readLine(bytes: Buffer, at: number): number {
    if (this.heldBytes === 0 && !FIRST_LETTERS.includes(bytes[at] as number)) {
      this.fault(UNKNOWN_OPERATION);
      return bytes.length;
    }
    const lineBytesMax = this.limits.controlLineBytesMax + OPERATION_BYTES_MAX;
    const end = bytes.indexOf(LF, at);
    const piece = bytes.subarray(at, end < 0 ? bytes.length : end);
    if (this.heldBytes + piece.length > lineBytesMax) {
      this.fault("maximum control line exceeded");
      return bytes.length;
    }
    if (end < 0) {
      this.hold(piece, lineBytesMax);
      return bytes.length;
    }
    const line = this.take(piece);
    this.command(line.toString("latin1", 0, line.at(-1) === CR ? line.length - 1 : line.length));
    return end + 1;
  }

  private readBody(bytes: Buffer, at: number, head: Head): number {
    const need = head.bodyBytes + 2;
    const end = Math.min(bytes.length, at + need - this.heldBytes);
    const piece = bytes.subarray(at, end);
    if (this.heldBytes + piece.length < need) {
      this.hold(piece, need);
      return end;
    }
    const body = this.take(piece);
    this.head = null;
    if (body[head.bodyBytes] !== CR || body[head.bodyBytes + 1] !== LF) {
      this.fault(UNKNOWN_OPERATION);
      return end;
    }
    const { subject, reply, headerBytes } = head;
    this.emit({ type: "publish", subject, reply, headerBytes, body: body.subarray(0, head.bodyBytes) });
    return end;
  }

  private command(line: string): void {
    const [operation = "", ...args] = line.split(/[ \t]+/);
    if (args.at(-1) === "") args.pop();
    switch (operation.toUpperCase()) {
      case "PING":
        this.emit({ type: "ping" });
        return;
      case "PONG":
        this.emit({ type: "pong" });
        return;
      case "CONNECT":
        this.emit({ type: "connect", json: line.slice("CONNECT".length).trim() });
        return;
      case "PUB":
        this.publishHead(args, false);
        return;
      case "HPUB":
        this.publishHead(args, true);
        return;
      case "SUB":
        this.subscribe(args);
        return;
      case "UNSUB":
        this.unsubscribe(args);
        return;
      case "INFO":
      case "+OK":
        return;
      default:
        this.fault(UNKNOWN_OPERATION);
    }
  }

  /** `subject [reply] [header bytes] bytes`. */
  private publishHead(args: readonly string[], hasHeaders: boolean): void {
    const sizes = hasHeaders ? args.slice(-2) : ["0", ...args.slice(-1)];
    const [subject, reply = "", ...more] = args.slice(0, hasHeaders ? -2 : -1);
    const headerBytes = sizeOf(sizes[0]);
    const bodyBytes = sizeOf(sizes[1]);
    const isWhole = subject !== undefined && more.length === 0;
    if (!isWhole || headerBytes === null || bodyBytes === null || headerBytes > bodyBytes) this.fault(PARSER_ERROR);
    else if (bodyBytes > this.limits.payloadBytesMax) this.fault("Maximum Payload Violation");
    else this.head = { type: "publish", subject, reply, headerBytes, bodyBytes };
  }

  private subscribe(args: readonly string[]): void {
    const [subject, second, third] = args;
    if (subject === undefined || second === undefined || args.length > 3) {
      this.fault(PARSER_ERROR);
      return;
    }
    const named = third === undefined ? { queue: "", sid: second } : { queue: second, sid: third };
    if (named.sid.length > this.limits.sidBytesMax) this.fault(PARSER_ERROR);
    else this.emit({ type: "subscribe", subject, ...named });
  }

  private unsubscribe(args: readonly string[]): void {
    const [sid, max = "0"] = args;
    const count = sizeOf(max);
    if (sid === undefined || count === null || args.length > 2) this.fault(PARSER_ERROR);
    else this.emit({ type: "unsubscribe", sid, max: count });
  }

  private fault(text: string): void {
    this.stop();
    this.emit({ type: "fault", text });
  }

  /** Keeps a piece for later. Room grows with what came, never with what was announced. */
  private hold(piece: Buffer, bytesMax: number): void {
    const need = this.heldBytes + piece.length;
    if (need > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.min(bytesMax, Math.max(need, this.held.length * 2, HELD_BYTES_FIRST)));
      this.held.copy(grown, 0, 0, this.heldBytes);
      this.held = grown;
    }
    piece.copy(this.held, this.heldBytes);
    this.heldBytes = need;
  }

  /** What was kept and the last piece, as one. */
  private take(piece: Buffer): Buffer {
    if (this.heldBytes === 0) return piece;
    const whole = Buffer.concat([this.held.subarray(0, this.heldBytes), piece]);
    this.held = Buffer.alloc(0);
    this.heldBytes = 0;
    return whole;
  }
}

/** Null when the text is no size. */
function sizeOf(text: string = ""): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

const UNKNOWN_OPERATION = "Unknown Protocol Operation";

const PARSER_ERROR = "Parser Error";

/** Of every operation, in both cases; others need not be waited for. */
const FIRST_LETTERS: Buffer = Buffer.from("PHSUCI+phsuci");

/** An operation, the blank after it and the CR: the limit is for the arguments. */
const OPERATION_BYTES_MAX = 9;

const HELD_BYTES_FIRST = 256;

const CR = 0x0d;

const LF = 0x0a;
