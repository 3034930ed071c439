// One connection to an endpoint of a collector's cluster, with the cluster's TLS and HTTP options; one export at a time. Made by
// collector.ts, and made anew when it has ended.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { dial } from "../../net/dial.ts";
import type { NetContext } from "../../net/net-context.ts";
import { ErrorCode, fault as makeFault } from "../../protocol/fault.ts";
import { createH1Client } from "../../protocol/h1/client-connection.ts";
import { createH2Client } from "../../protocol/h2/client.ts";
import { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { ClientCodec, ClientEvents, MessageWriter } from "../../protocol/message.ts";
import { grpcFrameHead } from "../grpc/grpc-frames.ts";
import { serverTarget } from "../grpc/server-target.ts";
import { ExportAnswer } from "./export-answer.ts";
import type { ExportResult, OnExported } from "./export-queue.ts";

/** What it is made with. */
export interface CollectorParts {
  readonly net: NetContext;
  readonly cluster: ClusterPlan;
  readonly endpoint: EndpointFacts;
  readonly target: OtlpTargetPlan;
  /** OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers: OtlpTargetPlan["headers"];
}

/** One connection. */
export class CollectorConnection implements ChannelHandler, ClientEvents {
  private readonly parts: CollectorParts;
  private readonly channel: Channel;
  private readonly protocol: "http1" | "http2";
  private codec: ClientCodec | null = null;
  private writer: MessageWriter | null = null;
  /** What is not written yet: whole parts, the first one from `start`. */
  private rest: Uint8Array[] = [];
  private start = 0;
  private done: OnExported | null = null;
  /** Tells how the export ended, as soon as the codec has returned: another one may follow at once, over this connection. */
  private outcome: (() => void) | null = null;
  private isOver = false;

  constructor(parts: CollectorParts) {
    this.parts = parts;
    this.protocol = parts.target.protocol === "grpc" || parts.cluster.protocol === "http2" ? "http2" : "http1";
    this.channel = dial(parts.net, serverTarget(parts.cluster, parts.endpoint, this.protocol), this);
  }

  /** Whether another export may be sent over it. */
  get isUsable(): boolean {
    return !this.isOver && this.done === null && (this.codec === null || this.codec.canOpen());
  }

  /** Sends one request, its body in parts; `done` comes once. */
  send(body: readonly Uint8Array[], done: OnExported): void {
    this.done = done;
    this.rest = [...body];
    if (this.codec !== null) this.ask(this.codec);
    this.tell();
  }

  /** Gives the export under way up, and the connection with it. */
  giveUp(text: string): void {
    this.finish("unanswered", text);
    this.end();
    this.tell();
  }

  /** Ends it; nobody hears of it. */
  close(): void {
    this.done = null;
    this.outcome = null;
    this.end();
  }

  onConnect(): void {
    const { http } = this.parts.cluster;
    this.codec =
      this.protocol === "http2"
        ? createH2Client(this.channel, http.http2, this)
        : createH1Client(this.channel, http.http1, this);
    if (this.done !== null) this.ask(this.codec);
    this.tell();
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.codec?.receive(bytes, start, end, this.parts.net.clock.nowMs());
    this.tell();
  }

  onEnd(): void {
    this.codec?.receiveEnd();
    this.tell();
  }

  onDrain(): void {
    this.codec?.onDrain();
    this.tell();
  }

  onClose(fault: NetFault | null): void {
    this.isOver = true;
    this.codec?.connectionLost(CLOSED);
    this.finish("unanswered", fault?.text ?? "the connection was closed");
    this.tell();
  }

  // The codec.

  onExchangeDone(): void {
    // Whether another export may follow says `canOpen`.
  }

  onDraining(): void {
    // The export under way goes on; `canOpen` lets no other one follow.
  }

  onCapacity(): void {
    // One export is under way at most.
  }

  onConnectionDone(): void {
    this.finish("unanswered", "the collector ended the connection");
    this.end();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.writer?.reset(ErrorCode.Cancel);
    this.channel.handler = GONE;
    this.channel.close(0);
  }

  private ask(codec: ClientCodec): void {
    const isGrpc = this.parts.target.protocol === "grpc";
    let bytes = 0;
    for (const part of this.rest) bytes += part.length;
    const answer = new ExportAnswer(
      isGrpc,
      (result, text, rejected) => this.finish(result, text, rejected),
      () => this.writeOn(),
    );
    this.writer = codec.open(answer);
    this.writer.writeHead(this.head(bytes), false);
    if (isGrpc) this.rest.unshift(grpcFrameHead(bytes));
    this.start = 0;
    this.writeOn();
  }

  /** As much of the body as goes without piling up: what the kernel does not take the codec has to copy. */
  private writeOn(): void {
    const { rest, writer } = this;
    while (rest.length > 0 && writer !== null && writer === this.writer && !writer.isBackedUp()) {
      const [part] = rest as [Uint8Array];
      const { start } = this;
      const end = Math.min(part.length, start + SLICE_BYTES);
      this.start = end;
      if (end === part.length) {
        rest.shift();
        this.start = 0;
      }
      writer.writeData(part, start, end, rest.length === 0);
    }
  }

  private head(bytes: number): HeaderList {
    const { cluster, target, headers } = this.parts;
    const head = new HeaderList();
    const isGrpc = target.protocol === "grpc";
    head.addText(H.PSEUDO_METHOD, "POST");
    head.addText(H.PSEUDO_SCHEME, cluster.tls === null ? "http" : "https");
    head.addText(H.PSEUDO_AUTHORITY, target.authority);
    head.addText(H.PSEUDO_PATH, target.path);
    if (isGrpc) head.addText(H.TE, "trailers");
    else head.addText(H.CONTENT_LENGTH, String(bytes));
    head.addText(H.CONTENT_TYPE, CONTENT_TYPES[target.protocol]);
    head.addText(H.USER_AGENT, "starling");
    for (const { name, value } of [...headers, ...target.headers]) head.add(name, value);
    return head;
  }

  private finish(result: ExportResult, text: string, rejected = 0): void {
    const { done } = this;
    this.done = null;
    this.writer = null;
    this.rest = [];
    if (done !== null) this.outcome = () => done(result, text, rejected);
  }

  private tell(): void {
    const { outcome } = this;
    this.outcome = null;
    outcome?.();
  }
}

const CONTENT_TYPES = {
  grpc: "application/grpc",
  http: "application/x-protobuf",
  http_json: "application/json",
} as const;
const SLICE_BYTES = 65_536;
const CLOSED = makeFault("connection_closed", "connection_termination", { code: ErrorCode.NoError });
const GONE: ChannelHandler = Object.freeze({ onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
