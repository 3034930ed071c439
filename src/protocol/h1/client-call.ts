// One exchange on a client connection: what its owner writes the request through. Like its server twin an object of its own, so that
// late calls find nothing; the connection does the work.
import type { HeaderList } from "../header-list.ts";
import type { MessageSink, MessageWriter } from "../message.ts";

/** What a connection does for its calls; every method ignores a call that is not the open one. */
export interface RequestPath {
  writeHead(call: ClientCall, list: HeaderList, end: boolean): void;
  writeData(call: ClientCall, bytes: Uint8Array, start: number, end: number, last: boolean): void;
  writeTrailers(call: ClientCall, trailers: HeaderList): void;
  reset(call: ClientCall): void;
  isBackedUp(call: ClientCall): boolean;
  pause(call: ClientCall, paused: boolean): void;
}

/** Writer of one request, and what of it decides how its answer is read. */
export class ClientCall implements MessageWriter {
  readonly streamId: number;
  /** Receives the response. */
  readonly sink: MessageSink;
  headSent: boolean = false;
  /** The request is written to its end. */
  requestEnded: boolean = false;
  /** A HEAD request: the answer has no body. */
  toHead: boolean = false;
  /** A tunnel was asked for: by CONNECT (2xx opens it) or by an upgrade (101 does). */
  toConnect: boolean = false;
  toUpgrade: boolean = false;
  tunnelOpen: boolean = false;
  /** Bytes for a tunnel that is not open: an upstream that refuses it would read them as a request. */
  early: Buffer[] | null = null;
  earlyBytes: number = 0;
  earlyEnd: boolean = false;
  /** Interim responses so far. */
  interims: number = 0;
  /** `isBackedUp` said yes, and `onWritable` is owed. */
  backedUp: boolean = false;
  private readonly path: RequestPath;

  constructor(path: RequestPath, streamId: number, sink: MessageSink) {
    this.path = path;
    this.streamId = streamId;
    this.sink = sink;
  }

  /** Whether a tunnel was asked for. */
  get toTunnel(): boolean {
    return this.toConnect || this.toUpgrade;
  }

  writeHead(head: HeaderList, end: boolean): void {
    this.path.writeHead(this, head, end);
  }

  /** A client has no interim messages. */
  writeInterim(_head: HeaderList): void {}

  writeData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.path.writeData(this, bytes, start, end, last);
  }

  writeTrailers(trailers: HeaderList): void {
    this.path.writeTrailers(this, trailers);
  }

  reset(_code: number): void {
    this.path.reset(this);
  }

  isBackedUp(): boolean {
    return this.path.isBackedUp(this);
  }

  pauseSource(): void {
    this.path.pause(this, true);
  }

  resumeSource(): void {
    this.path.pause(this, false);
  }
}
