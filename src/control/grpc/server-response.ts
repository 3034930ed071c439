// The response half of a gRPC stream to a server: head, messages, status. Used by server-stream.ts.
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageSink } from "../../protocol/message.ts";
import { GrpcFrames } from "./grpc-frames.ts";

/** What came of it. After `onOver` nothing comes. */
export interface ResponseOwner {
  /** `acknowledges`: the server answers every report, and drops one that it has. */
  onHead(httpStatus: number, acknowledges: boolean): void;
  onMessage(bytes: Uint8Array): void;
  onWritable(): void;
  /** A gRPC status with its text. `isReset`: the stream broke, or is to be broken. */
  onOver(status: number, text: string, isReset: boolean): void;
}

/** Implements MessageSink. */
export class ServerResponse implements MessageSink {
  private readonly owner: ResponseOwner;
  private readonly frames: GrpcFrames;
  private isOver = false;

  constructor(owner: ResponseOwner) {
    this.owner = owner;
    this.frames = new GrpcFrames((message) => {
      if (!this.isOver) owner.onMessage(message);
    });
  }

  onHead(head: HeaderList, end: boolean): void {
    const { status } = head;
    this.owner.onHead(status, head.valueByName(OWN_SERVER) !== undefined);
    if (end || head.has(H.GRPC_STATUS)) this.finishWith(head);
    else if (status !== 200) this.over(UNAVAILABLE, `HTTP ${status}`, true);
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.isOver) return;
    const wrong = this.frames.receive(bytes, start, end);
    if (wrong !== "") this.over(INTERNAL, wrong, true);
    else if (last) this.over(UNKNOWN, "no grpc-status", false);
  }

  onTrailers(trailers: HeaderList): void {
    this.finishWith(trailers);
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    const what = fault.kind === "remote_reset" ? "remote reset" : "connection termination";
    const text = `upstream connect error or disconnect/reset before headers. reset reason: ${what}`;
    this.over(fault.code === ErrorCode.NoError ? UNAVAILABLE : INTERNAL, text, false);
  }

  onWritable(): void {
    if (!this.isOver) this.owner.onWritable();
  }

  private finishWith(list: HeaderList): void {
    const text = list.value(H.GRPC_STATUS);
    if (text === undefined) this.over(UNKNOWN, "no grpc-status", false);
    else this.over(DIGITS.test(text) ? Number(text) : UNKNOWN, list.value(H.GRPC_MESSAGE) ?? "", false);
  }

  private over(status: number, text: string, isReset: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.onOver(status, text, isReset);
  }
}

const OWN_SERVER = "starling-lrs";
const DIGITS = /^\d{1,3}$/;
const UNKNOWN = 2;
const INTERNAL = 13;
const UNAVAILABLE = 14;
