// An HTTP/2 client in memory on the other end of a ClientChannel: our own client codec, driven by hand.
import { ByteWriter } from "../../src/base/byte-writer.ts";
import type { ProtocolFault } from "../../src/protocol/fault.ts";
import { createH2Client, type Http2ClientCodec } from "../../src/protocol/h2/client.ts";
import { HeaderList, releaseHeaderList } from "../../src/protocol/header-list.ts";
import type { ByteSink, ClientEvents, MessageSink, MessageWriter } from "../../src/protocol/message.ts";
import type { ClientChannel } from "./client-channel.ts";
import { httpDefaults } from "./http-options.ts";

/** One client connection. */
export class Http2Client {
  /** Last stream id of each GOAWAY that came. */
  readonly goaways: number[] = [];
  private readonly channel: ClientChannel;
  private readonly out: ByteWriter = new ByteWriter(1024);
  private readonly codec: Http2ClientCodec;

  constructor(channel: ClientChannel) {
    this.channel = channel;
    const sink: ByteSink = {
      out: this.out,
      scheduleFlush: () => {},
      writeThrough: (bytes, start, end) => {
        this.out.reserve(end - start);
        this.out.bytes.set(bytes.subarray(start, end), this.out.end);
        this.out.end += end - start;
      },
      queuedBytes: () => 0,
      finish: () => {},
      pauseReading: () => {},
      resumeReading: () => {},
    };
    const events: ClientEvents = {
      onExchangeDone: () => {},
      onDraining: (lastStreamId) => this.goaways.push(lastStreamId),
      onCapacity: () => {},
      onConnectionDone: () => {},
    };
    this.codec = createH2Client(sink, httpDefaults.http2, events);
    this.settle();
  }

  /** Sends a request's head; without `end` its body is still to come. */
  request(path: string, more: { end?: boolean; fields?: Readonly<Record<string, string>> } = {}): Http2Call {
    const call = new Http2Call();
    const head = new HeaderList();
    const pseudo = { ":method": "GET", ":scheme": "http", ":authority": "a", ":path": path };
    for (const [name, value] of Object.entries({ ...pseudo, ...more.fields })) head.add(name, value);
    call.writer = this.codec.open(call);
    call.writer.writeHead(head, more.end ?? true);
    this.settle();
    return call;
  }

  /** Trailers to write. */
  trailers(fields: Readonly<Record<string, string>>): HeaderList {
    const list = new HeaderList();
    for (const [name, value] of Object.entries(fields)) list.add(name, value);
    return list;
  }

  /** Carries what waits, both ways, until both sides are quiet. */
  settle(): void {
    for (let idle = false; !idle; ) {
      const sent = Buffer.from(this.out.bytes.subarray(0, this.out.end));
      this.out.end = 0;
      if (sent.length > 0) this.channel.send(sent);
      const back = Buffer.from(this.channel.received(), "latin1");
      if (back.length > 0) this.codec.receive(back, 0, back.length, 0);
      idle = sent.length === 0 && back.length === 0;
    }
  }
}

/** One request's answer as it comes. */
export class Http2Call implements MessageSink {
  writer: MessageWriter | null = null;
  status: number = 0;
  /** `name: value` of each field. */
  head: string[] = [];
  body: string = "";
  trailers: string[] = [];
  ended: boolean = false;
  fault: ProtocolFault | null = null;

  onHead(head: HeaderList, end: boolean): void {
    this.status = head.status;
    this.head = head.entries().map(([name, value]) => `${name}: ${value}`);
    this.ended = end;
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
    this.ended = last;
  }

  onTrailers(trailers: HeaderList): void {
    this.trailers = trailers.entries().map(([name, value]) => `${name}: ${value}`);
    this.ended = true;
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.fault = fault;
  }

  onWritable(): void {
    // tests send little
  }
}
