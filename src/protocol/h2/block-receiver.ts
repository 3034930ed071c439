// Header blocks as messages: decoded, judged and counted; trailers to their sink. Requests and responses go on in server.ts and client.ts.
import { ErrorCode, type ProtocolFault } from "../fault.ts";
import { releaseHeaderList } from "../header-list.ts";
import type { Http2Connection } from "./connection.ts";
import { compressionFault, UNDERSCORE } from "./faults.ts";
import { BlockKind, HeadBuilder } from "./head-builder.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import type { Http2Stream } from "./stream.ts";
import { StreamEvent, transition } from "./stream-state.ts";

/** The receiving half of a connection's compression, with what it makes of a block. */
export class BlockReceiver {
  /** The head of the block that was decoded last. */
  readonly builder: HeadBuilder;
  private readonly connection: Http2Connection;
  private readonly decoder: HpackDecoder;

  constructor(connection: Http2Connection) {
    this.connection = connection;
    this.builder = new HeadBuilder(connection.options);
    this.decoder = new HpackDecoder(this.builder, connection.options.hpackTableBytes);
  }

  /** The peer acknowledged our SETTINGS. */
  settingsAcknowledged(): void {
    this.decoder.acknowledge(this.connection.options.hpackTableBytes);
  }

  /** Decodes a block into the builder; false: the connection failed. */
  decode(kind: (typeof BlockKind)[keyof typeof BlockKind], bytes: Uint8Array, start: number, end: number): boolean {
    this.builder.begin(kind);
    const wrong = this.decoder.decode(bytes, start, end);
    if (wrong === "") return true;
    this.builder.discard();
    this.connection.fail(compressionFault(wrong));
    return false;
  }

  /** What the builder says of the block, counted. A list with a fault is given back. */
  judge(): ProtocolFault | null {
    const counters = this.connection.counters;
    const fault = this.builder.finish();
    counters.dropped_headers_with_underscores = this.builder.underscoresDropped;
    if (fault === null) return null;
    this.builder.discard();
    if (fault.kind !== "codec_error") counters.header_overflow++;
    else if (fault === UNDERSCORE) counters.requests_rejected_with_underscores_in_headers++;
    return fault;
  }

  /** Trailers of an open stream. */
  receiveTrailers(stream: Http2Stream, endStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (!this.decode(BlockKind.Trailers, bytes, start, end)) return;
    const connection = this.connection;
    const fault = this.judge();
    if (transition(stream.state, StreamEvent.RecvHeaders) < 0) {
      this.builder.discard();
      connection.failStreamWith(stream, ErrorCode.StreamClosed, "§5.1");
    } else if (fault !== null) {
      connection.failStream(stream, fault);
    } else if (!endStream || stream.bodyLeft > 0) {
      this.builder.discard();
      connection.failMalformed(stream, endStream ? "§8.1.1" : "§8.1");
    } else {
      connection.counters.trailers++;
      connection.endReceived(stream);
      const trailers = this.builder.take();
      if (stream.faulted) releaseHeaderList(trailers);
      else stream.sink.onTrailers(trailers);
      connection.finishIfClosed(stream);
    }
  }
}
