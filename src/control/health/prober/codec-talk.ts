// The talk of the HTTP and gRPC checks: one request at a time over a client codec, each answer put before a judge. Made by
// endpoint-probe.ts per connection.
import type { Clock } from "../../../base/clock.ts";
import { ErrorCode, type ProtocolFault } from "../../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../../protocol/header-list.ts";
import type { ClientCodec, ClientEvents, MessageSink, MessageWriter } from "../../../protocol/message.ts";
import type { ProbeOutcome } from "../probe.ts";
import { INTERIMS_MAX } from "./limits.ts";
import type { ProbeRequest } from "./probe-request.ts";
import { goawayReason, protocolReason } from "./reasons.ts";
import type { Talk, TalkOwner } from "./talk.ts";

/** Judges the answers that come over one connection, one at a time. */
export interface AnswerJudge {
  /** A longer body is no answer. */
  readonly bodyBytesMax: number;
  /** A question was asked. */
  begin(): void;
  /** Whether the verdict is known already. The list is valid during the call only. */
  onHead(head: HeaderList, end: boolean): boolean;
  onData(bytes: Uint8Array, start: number, end: number): void;
  onTrailers(trailers: HeaderList): void;
  /** The answer is complete, or its verdict known. */
  verdict(): ProbeOutcome;
}

/** The talk over one connection. */
export class CodecTalk implements Talk, ClientEvents, MessageSink {
  private readonly clock: Clock;
  private readonly codec: ClientCodec;
  private readonly request: ProbeRequest;
  private readonly judge: AnswerJudge;
  private readonly owner: TalkOwner;
  private writer: MessageWriter | null = null;
  private isOver = false;
  private hasHead = false;
  private bodyBytes = 0;
  private interims = 0;
  /** Bytes that came since the question, those that are being read left out. */
  private before = 0;
  /** The bytes that are being read. */
  private bytes: Uint8Array = NOTHING;
  private start = 0;
  private end = 0;

  constructor(
    clock: Clock,
    makeCodec: (events: ClientEvents) => ClientCodec,
    request: ProbeRequest,
    judge: AnswerJudge,
    owner: TalkOwner,
  ) {
    this.clock = clock;
    this.request = request;
    this.judge = judge;
    this.owner = owner;
    this.codec = makeCodec(this);
  }

  canAsk(): boolean {
    return !this.isOver && this.writer === null && this.codec.canOpen();
  }

  ask(): void {
    const { head, body } = this.request;
    this.before = 0;
    this.hasHead = false;
    this.bodyBytes = 0;
    this.interims = 0;
    this.judge.begin();
    const writer = this.codec.open(this);
    this.writer = writer;
    writer.writeHead(head, body.length === 0);
    if (body.length > 0) writer.writeData(body, 0, body.length, true);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.codec.receive(bytes, start, end, this.clock.nowMs());
    this.before += end - start;
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
  }

  receiveEnd(): void {
    this.codec.receiveEnd();
    this.isOver = true;
  }

  lost(reason: string): void {
    this.unanswered(reason, !this.hasBegun);
  }

  onDrain(): void {
    this.codec.onDrain();
  }

  onHead(head: HeaderList, end: boolean): void {
    this.hasHead = true;
    const isDecided = this.judge.onHead(head, end);
    releaseHeaderList(head);
    if (end || isDecided) this.answered(end);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
    if (++this.interims > INTERIMS_MAX) this.unanswered(`more than ${INTERIMS_MAX} interim answers`, false);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.bodyBytes += end - start;
    if (this.bodyBytes > this.judge.bodyBytesMax) {
      this.unanswered(`an answer of more than ${this.judge.bodyBytesMax} bytes`, false);
      return;
    }
    if (end > start) this.judge.onData(bytes, start, end);
    if (last) this.answered(true);
  }

  onTrailers(trailers: HeaderList): void {
    this.judge.onTrailers(trailers);
    releaseHeaderList(trailers);
    this.answered(true);
  }

  onFault(fault: ProtocolFault): void {
    const { before, end, start, hasBegun } = this;
    const said = before === 0 && !this.hasHead && end > start ? this.bytes.subarray(start, end) : null;
    const reason = protocolReason(fault, this.codec.protocol, hasBegun, said);
    this.unanswered(reason, !hasBegun && STALE.has(fault.kind));
  }

  onWritable(): void {
    // The body of the request was handed over as a whole.
  }

  onExchangeDone(_streamId: number, reusable: boolean): void {
    if (!reusable) this.isOver = true;
  }

  /** The exchange that is open is finished first, and `canAsk` says no then. After an error its answer does not count, as in Envoy. */
  onDraining(_lastStreamId: number, code: number): void {
    if (code !== ErrorCode.NoError) this.unanswered(goawayReason(code), !this.hasBegun);
  }

  onCapacity(): void {
    // One stream is open at most.
  }

  onConnectionDone(): void {
    this.isOver = true;
  }

  /** Something of an answer came. On HTTP/2 bytes come that answer nothing. */
  private get hasBegun(): boolean {
    return this.codec.protocol === "http1" ? this.before + this.end > this.start : this.hasHead;
  }

  private answered(isWhole: boolean): void {
    const { writer } = this;
    if (writer === null) return;
    this.writer = null;
    const outcome = this.judge.verdict();
    if (!isWhole) writer.reset(ErrorCode.Cancel);
    this.owner.onAnswer(outcome);
  }

  private unanswered(reason: string, isStale: boolean): void {
    if (this.writer === null) return;
    this.writer = null;
    this.isOver = true;
    this.owner.onNoAnswer(reason, isStale);
  }
}

/** How a connection ends, or says that it does, without a word on the endpoint's health. */
const STALE: ReadonlySet<string> = new Set(["connection_closed", "remote_refused", "goaway"]);
const NOTHING = new Uint8Array(0);
