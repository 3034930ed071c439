// The one meeting point of HTTP/1 and HTTP/2: what a codec tells about a message it reads, and what can be done with one it writes.
// Implemented by the codecs (MessageWriter) and by the exchange, the upstream call and the health probe (MessageSink).

import type { ProtocolFault } from "./fault.ts";
import type { HeaderList } from "./header-list.ts";

/**
 * Where a codec puts encoded bytes; `net`'s channel is one, a test's array another.
 * The codec appends to `out` through its methods and never keeps a reference to `out.bytes` over a call.
 */
export interface ByteSink {
  /** Bytes that wait for the next flush. */
  readonly out: ByteWriter;
  /** Says that `out` has bytes: they leave in one write at the end of this event-loop turn, together with all others of the turn. */
  scheduleFlush(): void;
  /**
   * Sends everything in `out` and then a large slice without copying where possible. The slice is valid during the call only:
   * the implementation hands it to the kernel or copies it.
   */
  writeThrough(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Bytes that were handed over but not yet taken by the kernel, `out` included. A codec stops producing body bytes at
   * `QUEUED_HIGH_BYTES`, also within one turn, and waits for `onDrain`: it comes after every flush that began at or above that
   * mark as soon as less than `QUEUED_LOW_BYTES` wait, which is at once when the kernel took everything.
   */
  queuedBytes(): number;
  /** Sends what is queued, then FIN, and goes on reading: one direction of a tunnel is over. The codec writes nothing more. */
  finish(): void;
  /** Stops and continues the reading of the socket (HTTP/1's only brake; HTTP/2 brakes by windows). */
  pauseReading(): void;
  resumeReading(): void;
}

/** Where codecs stop producing body bytes for one socket, `ByteSink.queuedBytes`. */
export const QUEUED_HIGH_BYTES = 131_072;

/** Below this `onDrain` is called when `QUEUED_HIGH_BYTES` had been reached. */
export const QUEUED_LOW_BYTES = 32_768;

/** A growable output buffer (base/byte-writer.ts). */
export interface ByteWriter {
  /** The buffer; its identity changes when it grows. */
  readonly bytes: Buffer;
  /** Number of bytes written; the writer of bytes advances it. */
  end: number;
  /** Makes room for `more` bytes after `end`. */
  reserve(more: number): void;
}

/**
 * Receives one message: a request on the server side, a response on the client side. Calls come in the order head, data*, then
 * trailers or the `end` flag, or a fault at any point; after the end or a fault nothing more comes. Calls may come re-entrantly from `receive`.
 */
export interface MessageSink {
  /** The head. The list now belongs to the sink, which releases it. `end`: there is no body. */
  onHead(head: HeaderList, end: boolean): void;
  /** An interim response (100, 103; 101 is a head): client side only. The list belongs to the sink. */
  onInterim(head: HeaderList): void;
  /** Body bytes `[start, end)`, valid during the call only. Comes even while paused, up to one window (HTTP/2) or one read (HTTP/1). */
  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  /** Trailers; they end the message. The list belongs to the sink. */
  onTrailers(trailers: HeaderList): void;
  /**
   * The exchange will not be completed: reset by the peer, a protocol error, or the connection went away. On the server side it also
   * comes after the request's end while the response is not. A server's slot (SETTINGS_MAX_CONCURRENT_STREAMS) stays taken until the
   * owner has cancelled its work and says so with `writer.reset` (any code), or had ended the writer before: reset floods wait for us.
   * On the server side the response may still be written when `fault.status` is not 0 and its head was not sent yet.
   */
  onFault(fault: ProtocolFault): void;
  /** The message written by the paired MessageWriter was backed up and is below its low mark again. */
  onWritable(): void;
}

/** Writes one message. After its end, or `reset`, every call does nothing. */
export interface MessageWriter {
  /** Sends the head; the list stays the caller's, and is not kept. Hop-by-hop fields and framing are the codec's business. */
  writeHead(head: HeaderList, end: boolean): void;
  /** Sends an interim response (1xx, not 101): server side only. */
  writeInterim(head: HeaderList): void;
  /** Sends body bytes, valid during the call only: the codec copies what it cannot send now. */
  writeData(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  /** Sends trailers (dropped by HTTP/1 unless chunked) and ends the message. */
  writeTrailers(trailers: HeaderList): void;
  /**
   * Abandons the exchange: RST_STREAM with this HTTP/2 error code; on HTTP/1 the connection is closed. No further sink call comes.
   * `idle`: because nothing of it moved for too long, which is the peer's doing when body waits for its window.
   */
  reset(code: number, idle?: boolean): void;
  /** Whether more is queued than the high mark: the caller pauses its source until the sink's `onWritable`. */
  isBackedUp(): boolean;
  /** Asks the peer to stop and continue sending the message that the paired sink receives. */
  pauseSource(): void;
  resumeSource(): void;
  /** HTTP/2 stream id, on the client side 0 until `writeHead`; on HTTP/1 the number of the message on its connection, from 1. */
  readonly streamId: number;
}

/** What a server-side codec needs from the connection that owns it (dataplane/exchange). */
export interface ServerEvents {
  /** A message starts: answers with what receives it. Called before `onHead`, or before the `onFault` of a head that is wrong. */
  onExchange(writer: MessageWriter): MessageSink;
  /** Both halves of an exchange are over; its slot is free. */
  onExchangeDone(streamId: number): void;
  /** The connection is finished and is to be closed once `out` has been sent: a GOAWAY or an error answer was written, or an HTTP/1 message said close. */
  onConnectionDone(fault: ProtocolFault | null): void;
}

/** A server-side codec on one connection. */
export interface ServerCodec {
  /** Bytes from the socket, valid during the call only. `nowMs` is the monotonic clock (per-second limits). */
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void;
  /** The peer closed its sending side. */
  receiveEnd(): void;
  /** The socket is gone: every open sink gets `onFault`. */
  connectionLost(fault: ProtocolFault): void;
  /** The socket took bytes: `queuedBytes` had reached the high mark and fell below the low mark. */
  onDrain(): void;
  /**
   * Graceful end: HTTP/2 sends GOAWAY (first with the greatest stream id, then with the last one when `final`); HTTP/1 says
   * `connection: close` on the next answer, at once when idle.
   */
  drain(final: boolean): void;
  /** Exchanges open now. */
  openExchanges(): number;
  /** Monotonic time when the head that is being received began, -1 when none is: the owner applies the request-head timeout. */
  headStartedMs(): number;
  /**
   * The owner gives up on the head that is being received: as for a malformed one, `onExchange` and its sink's `onFault` get this
   * fault, whose status is answered, and the connection ends. Absent where half a head is no exchange (HTTP/2).
   */
  failHead?(fault: ProtocolFault): void;
  /**
   * Resets the exchanges whose answer is complete on our side but of which nothing could be sent since the last call, because the
   * peer's window stays shut. Answers how many; the owner has the timer. A peer that goes on taking nothing loses its connection.
   * Absent where the socket alone decides (HTTP/1).
   */
  endStalled?(): number;
  /** Whether a stream was reset while bytes of it waited for the peer, which has not been seen to take anything since: `endStalled` is to be called on. */
  isSuspect?(): boolean;
  readonly protocol: "http1" | "http2";
}

/** What a client-side codec needs from the pool that owns it (dataplane/upstream) or from a health probe. */
export interface ClientEvents {
  /** An exchange is over in both directions. `reusable`: the connection may carry another one. */
  onExchangeDone(streamId: number, reusable: boolean): void;
  /**
   * The peer sent GOAWAY with this HTTP/2 error code, or `connection: close` (0): no new exchange may start; those above `lastStreamId`
   * were told with a fault that is safe to retry.
   */
  onDraining(lastStreamId: number, code: number): void;
  /** HTTP/2: SETTINGS changed how many streams may be open. */
  onCapacity(concurrentStreamsMax: number): void;
  /** The connection is finished and is to be closed. */
  onConnectionDone(fault: ProtocolFault | null): void;
}

/** A client-side codec on one connection. */
export interface ClientCodec {
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void;
  receiveEnd(): void;
  connectionLost(fault: ProtocolFault): void;
  onDrain(): void;
  /** Starts an exchange whose response goes to `sink`. Only when `canOpen`. */
  open(sink: MessageSink): MessageWriter;
  /** Whether another exchange may start now. */
  canOpen(): boolean;
  openExchanges(): number;
  readonly protocol: "http1" | "http2";
}
