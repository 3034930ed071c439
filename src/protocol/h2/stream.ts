// One stream: the numbers of both its directions, and the MessageWriter its owner holds. Decides what the owner may still do; how it is
// done is the connection's and the sender's business. Never used again for another exchange, because an owner may keep it.
import type { HeaderList } from "../header-list.ts";
import type { MessageSink, MessageWriter } from "../message.ts";
import type { BodyQueue } from "./body-queue.ts";
import type { ReceiveCredit } from "./receive-window.ts";
import { StreamState } from "./stream-state.ts";

/** What a stream asks of its connection. */
export interface StreamOwner {
  sendHead(stream: Http2Stream, head: HeaderList, end: boolean): void;
  sendInterim(stream: Http2Stream, head: HeaderList): void;
  sendData(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, last: boolean): void;
  sendTrailers(stream: Http2Stream, trailers: HeaderList): void;
  resetByOwner(stream: Http2Stream, code: number, idle: boolean): void;
  isStreamBackedUp(stream: Http2Stream): boolean;
  resumeStream(stream: Http2Stream): void;
}

/** A stream of either role. */
export class Http2Stream implements MessageWriter, ReceiveCredit {
  streamId: number;
  /** `StreamState`. */
  state: number = StreamState.Idle;
  /** What receives the peer's message. */
  sink: MessageSink;
  /** When it was opened: how young a reset one was. */
  openedMs: number = 0;

  /** What the peer lets us send; negative after a smaller SETTINGS_INITIAL_WINDOW_SIZE. */
  sendWindow: number = 0;
  /** Body that waits, null while none ever did. */
  queue: BodyQueue | null = null;
  /** The queue's last byte ends the stream. */
  endQueued: boolean = false;
  /** They follow the queue and end the stream. */
  trailersQueued: HeaderList | null = null;
  /** Links of the sender's ring of ready streams. */
  nextReady: Http2Stream | null = null;
  isReady: boolean = false;
  /** The owner was told that it is backed up and waits for `onWritable`. */
  wantsWritable: boolean = false;
  /** Body bytes went out since `endStalled` last looked. */
  hasMoved: boolean = false;

  recvWindow: number = 0;
  recvOwed: number = 0;
  recvHeld: number = 0;
  /** The owner paused the source. */
  paused: boolean = false;
  /** Body bytes that content-length still promises, -1 when it promises none. */
  bodyLeft: number = -1;
  /** A client has had the response's head. */
  headReceived: boolean = false;
  /** A client's request had the method HEAD. */
  isHead: boolean = false;
  /** The peer's message is complete. */
  recvEnded: boolean = false;
  /** The sink got its fault: it hears nothing more. */
  faulted: boolean = false;

  /** Our head was written. */
  headSent: boolean = false;
  /** The owner ended or reset the writer. */
  ownerDone: boolean = false;
  /** The slot was given back. */
  released: boolean = false;
  private readonly owner: StreamOwner;

  constructor(owner: StreamOwner, sink: MessageSink, streamId: number) {
    this.owner = owner;
    this.sink = sink;
    this.streamId = streamId;
  }

  writeHead(head: HeaderList, end: boolean): void {
    if (this.ownerDone || this.headSent) return;
    this.headSent = true;
    this.ownerDone = end;
    this.owner.sendHead(this, head, end);
  }

  writeInterim(head: HeaderList): void {
    if (this.ownerDone || this.headSent) return;
    this.owner.sendInterim(this, head);
  }

  writeData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.ownerDone || !this.headSent) return;
    this.ownerDone = last;
    this.owner.sendData(this, bytes, start, end, last);
  }

  writeTrailers(trailers: HeaderList): void {
    if (this.ownerDone || !this.headSent) return;
    this.ownerDone = true;
    this.owner.sendTrailers(this, trailers);
  }

  reset(code: number, idle: boolean = false): void {
    if (this.released) return;
    this.ownerDone = true;
    this.faulted = true;
    this.owner.resetByOwner(this, code, idle);
  }

  /** Whether body waits of which the peer took nothing since `endStalled` last looked. */
  waits(): boolean {
    return !this.hasMoved && this.queue !== null && this.queue.length > 0;
  }

  isBackedUp(): boolean {
    return this.owner.isStreamBackedUp(this);
  }

  pauseSource(): void {
    this.paused = true;
  }

  resumeSource(): void {
    if (!this.paused) return;
    this.paused = false;
    this.owner.resumeStream(this);
  }
}
