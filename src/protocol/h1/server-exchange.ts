// One exchange on a server connection: what the owner of the request writes its answer through. The connection does the work; the
// exchange has an object of its own so that a late call of a finished one cannot touch its successor.
import type { HeaderList } from "../header-list.ts";
import type { MessageSink, MessageWriter } from "../message.ts";
import type { HeadFacts } from "./head-facts.ts";
import { Method } from "./request-target.ts";

/** What a connection does for its exchanges; every method ignores an exchange that is not the open one. */
export interface AnswerPath {
  writeHead(exchange: ServerExchange, list: HeaderList, end: boolean): void;
  writeInterim(exchange: ServerExchange, list: HeaderList): void;
  writeData(exchange: ServerExchange, bytes: Uint8Array, start: number, end: number, last: boolean): void;
  writeTrailers(exchange: ServerExchange, trailers: HeaderList): void;
  reset(exchange: ServerExchange): void;
  isBackedUp(exchange: ServerExchange): boolean;
  pause(exchange: ServerExchange, paused: boolean): void;
}

/** Writer of one response, and what of its request decides how it is written. */
export class ServerExchange implements MessageWriter {
  readonly streamId: number;
  /** Receives the request; null until the owner gave it. */
  sink: MessageSink | null = null;
  headSent: boolean = false;
  /** A HEAD request: the answer has no body. */
  toHead: boolean = false;
  /** A CONNECT request: an answer of 2xx opens a tunnel. */
  toConnect: boolean = false;
  /** An upgrade was asked for: an answer of 101 opens a tunnel. */
  toUpgrade: boolean = false;
  /** Minor version of the request. */
  minor: number = 1;
  /** A tunnel was asked for and is not open: what follows the head is neither body nor request. */
  tunnelPending: boolean = false;
  /** The connection ends with this answer. */
  closes: boolean = false;
  /** `isBackedUp` said yes, and `onWritable` is owed. */
  backedUp: boolean = false;
  private readonly path: AnswerPath;

  constructor(path: AnswerPath, streamId: number) {
    this.path = path;
    this.streamId = streamId;
  }

  /** Notes what the request's head says. */
  learn(facts: HeadFacts): void {
    this.toHead = facts.method === Method.Head;
    this.toConnect = facts.method === Method.Connect;
    this.toUpgrade = facts.upgrade;
    this.tunnelPending = this.toConnect || this.toUpgrade;
    this.minor = facts.minor;
  }

  /** Whether an answer with this status opens the tunnel that was asked for. */
  opensTunnel(status: number): boolean {
    return this.toConnect ? status >= 200 && status < 300 : this.toUpgrade && status === 101;
  }

  /** The socket took bytes. */
  drained(): void {
    if (!this.backedUp) return;
    this.backedUp = false;
    this.sink?.onWritable();
  }

  writeHead(head: HeaderList, end: boolean): void {
    this.path.writeHead(this, head, end);
  }

  writeInterim(head: HeaderList): void {
    this.path.writeInterim(this, head);
  }

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
