// A codec with everything it calls written down: one for the server's role, one for the client's. Bytes and sinks are in memory.
import type { ProtocolFault } from "../../../../src/protocol/fault.ts";
import { createH2Client, type Http2ClientCodec } from "../../../../src/protocol/h2/client.ts";
import type { Http2Options } from "../../../../src/protocol/h2/options.ts";
import { createH2Server, type Http2ServerCodec } from "../../../../src/protocol/h2/server.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../../../src/protocol/header-list.ts";
import { nameIdOfText } from "../../../../src/protocol/header-names.ts";
import type { MessageSink, MessageWriter } from "../../../../src/protocol/message.ts";
import { FrameTexts, frame } from "./frame.ts";
import type { Pair } from "./hpack.ts";
import { MemorySink } from "./memory-sink.ts";
import { http2Options } from "./options.ts";

/** A head of these fields; `:status` becomes its status. */
export function headOf(fields: readonly Pair[]): HeaderList {
  const list = acquireHeaderList();
  for (const [name, value] of fields) {
    if (name === ":status") list.status = Number(value);
    else if (nameIdOfText(name) !== 0) list.addText(nameIdOfText(name), value);
    else list.add(name, value);
  }
  return list;
}

/** Sends a head through a writer and gives the list back. */
export function writeHead(writer: MessageWriter, fields: readonly Pair[], end: boolean): void {
  const list = headOf(fields);
  writer.writeHead(list, end);
  releaseHeaderList(list);
}

/** Sends trailers through a writer and gives the list back. */
export function writeTrailers(writer: MessageWriter, fields: readonly Pair[]): void {
  const list = headOf(fields);
  writer.writeTrailers(list);
  releaseHeaderList(list);
}

/** Writes down every call of one message; `log` is shared by all of a connection. */
export class RecordingSink implements MessageSink {
  readonly bodyParts: Buffer[] = [];
  fault: ProtocolFault | null = null;
  writable: number = 0;
  private readonly log: string[];
  private readonly name: string;

  constructor(log: string[], name: string) {
    this.log = log;
    this.name = name;
  }

  get body(): Buffer {
    return Buffer.concat(this.bodyParts);
  }

  onHead(head: HeaderList, end: boolean): void {
    this.log.push(`${this.name} head ${textOf(head)}${end ? " end" : ""}`);
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    this.log.push(`${this.name} interim ${textOf(head)}`);
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.bodyParts.push(Buffer.from(bytes.subarray(start, end)));
    if (last) this.log.push(`${this.name} body of ${this.body.length} end`);
  }

  onTrailers(trailers: HeaderList): void {
    this.log.push(`${this.name} body of ${this.body.length} trailers ${textOf(trailers)}`);
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.fault = fault;
    this.log.push(`${this.name} fault ${fault.kind} ${fault.code}`);
  }

  onWritable(): void {
    this.writable++;
    this.log.push(`${this.name} writable`);
  }
}

/** A server that has had the preface and the client's SETTINGS, unless told otherwise. */
export class ServerProbe {
  readonly log: string[] = [];
  readonly sink: MemorySink = new MemorySink();
  readonly codec: Http2ServerCodec;
  readonly writers: MessageWriter[] = [];
  readonly sinks: RecordingSink[] = [];
  nowMs: number = 1_000;
  private readonly texts: FrameTexts = new FrameTexts();

  constructor(changes: Partial<Http2Options> = {}, greeting: readonly Buffer[] = [frame.preface(), frame.settings()]) {
    this.codec = createH2Server(this.sink, http2Options(changes), {
      onExchange: (writer) => {
        const sink = new RecordingSink(this.log, String(writer.streamId));
        this.writers.push(writer);
        this.sinks.push(sink);
        return sink;
      },
      onExchangeDone: (streamId) => this.log.push(`${streamId} done`),
      onConnectionDone: (fault) => this.log.push(`connection done ${fault === null ? "cleanly" : fault.kind}`),
    });
    if (greeting.length === 0) return;
    this.receive(...greeting);
    this.frames();
  }

  /** Passes frames in as one read. */
  receive(...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    this.codec.receive(bytes, 0, bytes.length, this.nowMs);
  }

  /** What was written since the last call, as texts. */
  frames(): string[] {
    return this.texts.of(this.sink.take());
  }

  /** The calls since the last call of this. */
  calls(): string[] {
    return this.log.splice(0);
  }

  writer(index: number = 0): MessageWriter {
    return this.writers[index] as MessageWriter;
  }
}

/** A client whose server has sent SETTINGS, unless told otherwise. */
export class ClientProbe {
  readonly log: string[] = [];
  readonly sink: MemorySink = new MemorySink();
  readonly codec: Http2ClientCodec;
  private opened = 0;
  private readonly texts: FrameTexts = new FrameTexts();

  constructor(changes: Partial<Http2Options> = {}, greeting: readonly Buffer[] = [frame.settings()]) {
    this.codec = createH2Client(this.sink, http2Options(changes), {
      onExchangeDone: (streamId, reusable) => this.log.push(`${streamId} done${reusable ? "" : " for good"}`),
      onDraining: (lastStreamId) => this.log.push(`draining ${lastStreamId}`),
      onCapacity: (streams) => this.log.push(`capacity ${streams}`),
      onConnectionDone: (fault) => this.log.push(`connection done ${fault === null ? "cleanly" : fault.kind}`),
    });
    if (greeting.length === 0) return;
    this.sink.take();
    this.receive(...greeting);
    this.frames();
  }

  /** Opens an exchange; its calls are named after the order of opening: `r1`, `r2`. */
  open(): { readonly writer: MessageWriter; readonly sink: RecordingSink } {
    const sink = new RecordingSink(this.log, `r${++this.opened}`);
    return { writer: this.codec.open(sink), sink };
  }

  /** Opens an exchange and sends a head. */
  request(fields: readonly Pair[], end: boolean): { readonly writer: MessageWriter; readonly sink: RecordingSink } {
    const exchange = this.open();
    writeHead(exchange.writer, fields, end);
    return exchange;
  }

  receive(...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    this.codec.receive(bytes, 0, bytes.length, 1_000);
  }

  frames(): string[] {
    return this.texts.of(this.sink.take());
  }

  calls(): string[] {
    return this.log.splice(0);
  }
}

function textOf(list: HeaderList): string {
  const fields = list.entries().map(([name, value]) => `${name}=${value}`);
  return [...(list.status === 0 ? [] : [String(list.status)]), ...fields].join(" ");
}
