// What the tests of the HTTP/1 room share: a sink of bytes in memory, sinks and events that write down what they are told, options.
import { ByteWriter } from "../../../src/base/byte-writer.ts";
import type { ProtocolFault } from "../../../src/protocol/fault.ts";
import { createH1Client } from "../../../src/protocol/h1/client-connection.ts";
import type { Http1Options } from "../../../src/protocol/h1/options.ts";
import { createH1Server, type Http1ServerCodec } from "../../../src/protocol/h1/server-connection.ts";
import { HeaderList, releaseHeaderList } from "../../../src/protocol/header-list.ts";
import type {
  ByteSink,
  ClientCodec,
  ClientEvents,
  MessageSink,
  MessageWriter,
  ServerEvents,
} from "../../../src/protocol/message.ts";
import { httpDefaults } from "../../support/http-options.ts";

/** Options that differ from the defaults. */
export function options(more: Partial<Http1Options>): Http1Options {
  return { ...httpDefaults.http1, ...more };
}

/** Keeps what a codec writes. */
export class MemorySink implements ByteSink {
  readonly out: ByteWriter = new ByteWriter(64);
  /** What `queuedBytes` says. */
  queued: number = 0;
  flushes: number = 0;
  throughs: number = 0;
  paused: boolean = false;
  pauses: number = 0;
  /** Whether the codec sent FIN. */
  finished: boolean = false;
  private sent = "";

  scheduleFlush(): void {
    this.flushes++;
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    this.throughs++;
    this.sent += this.rest() + Buffer.from(bytes).toString("latin1", start, end);
  }

  queuedBytes(): number {
    return this.queued;
  }

  finish(): void {
    this.finished = true;
  }

  pauseReading(): void {
    this.paused = true;
    this.pauses++;
  }

  resumeReading(): void {
    this.paused = false;
  }

  /** Everything written since the last call. */
  text(): string {
    const text = this.sent + this.rest();
    this.sent = "";
    return text;
  }

  private rest(): string {
    const text = this.out.bytes.toString("latin1", 0, this.out.end);
    this.out.end = 0;
    return text;
  }
}

/** Writes down what it is told, one line a call; neighbouring data is joined, because its cut is no part of the message. */
export class Recorder implements MessageSink {
  readonly log: string[];
  /** Called after each line, to answer. */
  react: (what: string) => void = () => {};

  constructor(log: string[] = []) {
    this.log = log;
  }

  onHead(head: HeaderList, end: boolean): void {
    const fields = head.entries().map(([name, value]) => `${name}=${value}`);
    const status = head.status === 0 ? "" : ` ${head.status}`;
    this.note(`head${status}${end ? " end" : ""}${fields.length > 0 ? ` ${fields.join("|")}` : ""}`);
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    this.note(`interim ${head.status}`);
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const text = Buffer.from(bytes).toString("latin1", start, end);
    const before = this.log.at(-1);
    if (before?.startsWith("data ")) this.log[this.log.length - 1] = before + text;
    else if (text !== "") this.log.push(`data ${text}`);
    if (last) this.note("end");
  }

  onTrailers(trailers: HeaderList): void {
    this.note(
      `trailers ${trailers
        .entries()
        .map(([name, value]) => `${name}=${value}`)
        .join("|")}`,
    );
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.note(`fault ${fault.status} ${fault.details}`);
  }

  onWritable(): void {
    this.note("writable");
  }

  private note(line: string): void {
    this.log.push(line);
    this.react(line.split(" ", 1)[0] as string);
  }
}

/** A server codec whose exchanges are written down. */
export class ServerBench implements ServerEvents {
  readonly sink: MemorySink = new MemorySink();
  readonly log: string[] = [];
  readonly writers: MessageWriter[] = [];
  readonly codec: Http1ServerCodec;
  /** Answers each exchange; called after every line of its log. */
  react: (writer: MessageWriter, what: string) => void = () => {};

  constructor(more: Partial<Http1Options> = {}) {
    this.codec = createH1Server(this.sink, options(more), this);
  }

  onExchange(writer: MessageWriter): MessageSink {
    this.writers.push(writer);
    const recorder = new Recorder(this.log);
    recorder.react = (what) => this.react(writer, what);
    return recorder;
  }

  onExchangeDone(streamId: number): void {
    this.log.push(`done ${streamId}`);
  }

  onConnectionDone(fault: ProtocolFault | null): void {
    this.log.push(`closed ${fault?.details ?? "-"}`);
  }

  /** Feeds latin1 text as one read. */
  receive(text: string, nowMs: number = 0): this {
    const bytes = Buffer.from(text, "latin1");
    this.codec.receive(bytes, 0, bytes.length, nowMs);
    return this;
  }

  /** The writer of the newest exchange. */
  get writer(): MessageWriter {
    const writer = this.writers.at(-1);
    if (writer === undefined) throw new Error("no exchange yet");
    return writer;
  }

  /** The log since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }
}

/** A client codec whose events are written down. */
export class ClientBench implements ClientEvents {
  readonly sink: MemorySink = new MemorySink();
  readonly log: string[] = [];
  readonly codec: ClientCodec;

  constructor(more: Partial<Http1Options> = {}) {
    this.codec = createH1Client(this.sink, options(more), this);
  }

  onExchangeDone(streamId: number, reusable: boolean): void {
    this.log.push(`done ${streamId}${reusable ? " reusable" : ""}`);
  }

  onDraining(lastStreamId: number): void {
    this.log.push(`draining ${lastStreamId}`);
  }

  onCapacity(): void {
    this.log.push("capacity");
  }

  onConnectionDone(fault: ProtocolFault | null): void {
    this.log.push(`closed ${fault?.details ?? "-"}`);
  }

  /** Opens an exchange whose response is written down. */
  open(): MessageWriter {
    return this.codec.open(new Recorder(this.log));
  }

  /** Opens an exchange and sends a request head without a body. */
  get(method: string = "GET"): MessageWriter {
    const writer = this.open();
    writer.writeHead(request(method, "/", []), true);
    return writer;
  }

  receive(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.codec.receive(bytes, 0, bytes.length, 0);
    return this;
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

/** A request head as the exchange would pass it on. */
export function request(method: string, path: string, fields: readonly (readonly [string, string])[]): HeaderList {
  const list = new HeaderList();
  list.add(":method", method);
  list.add(":scheme", "http");
  list.add(":authority", "a");
  list.add(":path", path);
  for (const [name, value] of fields) list.add(name, value);
  return list;
}

/** A response head. */
export function response(status: number, fields: readonly (readonly [string, string])[] = []): HeaderList {
  const list = new HeaderList();
  list.status = status;
  for (const [name, value] of fields) list.add(name, value);
  return list;
}

/** Writes text as body. */
export function body(writer: MessageWriter, text: string, last: boolean): void {
  const bytes = Buffer.from(text, "latin1");
  writer.writeData(bytes, 0, bytes.length, last);
}
