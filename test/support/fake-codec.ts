// A client codec without a protocol: a test says when exchanges end, what the peer announces and which faults there are. It calls back
// in the order of the real codecs.
import { fault, type ProtocolFault } from "../../src/protocol/fault.ts";
import { type Http2Counters, newCounters } from "../../src/protocol/h2/counters.ts";
import type { HeaderList } from "../../src/protocol/header-list.ts";
import type { ByteSink, ClientCodec, ClientEvents, MessageSink, MessageWriter } from "../../src/protocol/message.ts";

/** One exchange on a fake connection. */
export class FakeWriter implements MessageWriter {
  readonly streamId: number;
  readonly sink: MessageSink;
  isOver: boolean = false;
  private readonly codec: FakeCodec;

  constructor(codec: FakeCodec, streamId: number, sink: MessageSink) {
    this.codec = codec;
    this.streamId = streamId;
    this.sink = sink;
  }

  writeHead(_head: HeaderList, _end: boolean): void {}
  writeInterim(_head: HeaderList): void {}
  writeData(_bytes: Uint8Array, _start: number, _end: number, _last: boolean): void {}
  writeTrailers(_trailers: HeaderList): void {}
  reset(_code: number): void {
    this.codec.resetByOwner(this);
  }
  isBackedUp(): boolean {
    return false;
  }
  pauseSource(): void {}
  resumeSource(): void {}
}

/** A codec of either protocol. */
export class FakeCodec implements ClientCodec {
  readonly protocol: "http1" | "http2";
  readonly counters: Http2Counters = newCounters();
  readonly exchanges: FakeWriter[] = [];
  pings: number = 0;
  awaitsPong: boolean = false;
  streamsMax: number;
  private readonly events: ClientEvents;
  private nextStreamId = 1;
  private isStopped = false;
  private isDraining = false;

  constructor(protocol: "http1" | "http2", events: ClientEvents, streamsMax: number) {
    this.protocol = protocol;
    this.events = events;
    this.streamsMax = streamsMax;
  }

  open(sink: MessageSink): MessageWriter {
    if (!this.canOpen()) throw new Error("no further exchange may start");
    const writer = new FakeWriter(this, this.nextStreamId, sink);
    this.nextStreamId += 2;
    this.exchanges.push(writer);
    return writer;
  }

  canOpen(): boolean {
    return !this.isStopped && !this.isDraining && this.exchanges.length < this.streamsMax;
  }

  openExchanges(): number {
    return this.exchanges.length;
  }

  ping(): boolean {
    if (this.awaitsPong) return false;
    this.pings++;
    this.awaitsPong = true;
    return true;
  }

  /** What happens when bytes come. */
  onReceive: () => void = () => {};

  receive(): void {
    this.onReceive();
  }

  onDrain(): void {}

  /** The oldest response is complete. */
  finish(reusable: boolean = true): void {
    const writer = this.exchanges[0];
    if (writer === undefined) throw new Error("no exchange is open");
    this.over(writer, reusable);
    if (!reusable && this.protocol === "http1") this.events.onConnectionDone(null);
  }

  /** The response says `connection: close`, or GOAWAY comes that allows all open streams. */
  announceEnd(): void {
    this.isDraining = true;
    this.events.onDraining(this.nextStreamId, 0);
    if (this.protocol === "http2" && this.exchanges.length === 0) this.events.onConnectionDone(null);
  }

  /** The peer's SETTINGS. */
  allow(streamsMax: number): void {
    this.streamsMax = streamsMax;
    this.events.onCapacity(streamsMax);
  }

  /** The peer breaks the protocol. */
  fail(details: string): void {
    this.breakWith(fault("codec_error", details));
  }

  receiveEnd(): void {
    if (this.isStopped) return;
    if (this.exchanges.length === 0) {
      this.isStopped = true;
      this.events.onConnectionDone(null);
    } else {
      this.breakWith(fault("connection_closed", "connection_termination"));
    }
  }

  connectionLost(lost: ProtocolFault): void {
    this.isStopped = true;
    for (const writer of [...this.exchanges]) {
      writer.sink.onFault(lost);
      this.over(writer, false);
    }
  }

  resetByOwner(writer: FakeWriter): void {
    if (writer.isOver) return;
    if (this.protocol === "http1") this.isStopped = true;
    else this.counters.tx_reset++;
    this.over(writer, this.protocol === "http2");
    if (this.protocol === "http1") this.events.onConnectionDone(fault("local_reset", "local_reset"));
  }

  private breakWith(broken: ProtocolFault): void {
    this.isStopped = true;
    for (const writer of [...this.exchanges]) {
      writer.sink.onFault(broken);
      this.over(writer, false);
    }
    this.events.onConnectionDone(broken);
  }

  private over(writer: FakeWriter, reusable: boolean): void {
    writer.isOver = true;
    this.exchanges.splice(this.exchanges.indexOf(writer), 1);
    this.events.onExchangeDone(writer.streamId, reusable && !this.isDraining);
    if (this.protocol === "http2" && this.isDraining && this.exchanges.length === 0 && !this.isStopped) {
      this.isStopped = true;
      this.events.onConnectionDone(null);
    }
  }
}

/** Makes fake codecs and remembers them. */
export class FakeCodecs {
  readonly made: FakeCodec[] = [];

  http1(_sink: ByteSink, _plan: unknown, events: ClientEvents): FakeCodec {
    return this.make(new FakeCodec("http1", events, 1));
  }

  http2(_sink: ByteSink, _plan: unknown, events: ClientEvents): FakeCodec {
    return this.make(new FakeCodec("http2", events, Number.POSITIVE_INFINITY));
  }

  /** The codec of the connection that was ready so many-th, from 0. */
  codec(index: number): FakeCodec {
    const codec = this.made[index];
    if (codec === undefined) throw new Error(`only ${this.made.length} connections came so far`);
    return codec;
  }

  /** The newest one. */
  last(): FakeCodec {
    return this.codec(this.made.length - 1);
  }

  private make(codec: FakeCodec): FakeCodec {
    this.made.push(codec);
    return codec;
  }
}
