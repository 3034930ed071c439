// One connection to an endpoint of a collector's cluster, with the cluster's TLS and HTTP options; one export at a time. Made by
// telemetry-actor.ts, and made anew when it has ended.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { TraceExporterPlan } from "../../config/plan/tracing.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { dial } from "../../net/dial.ts";
import type { NetContext } from "../../net/net-context.ts";
import { ErrorCode, fault as makeFault } from "../../protocol/fault.ts";
import { createH1Client } from "../../protocol/h1/client-connection.ts";
import { createH2Client } from "../../protocol/h2/client.ts";
import { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { ClientCodec, ClientEvents, MessageWriter } from "../../protocol/message.ts";
import { serverTarget } from "../grpc/server-target.ts";
import { grpcFrame } from "../load/client/grpc-frames.ts";
import { ExportAnswer, type OnExported } from "./export-answer.ts";
import type { ExportResult } from "./span-exporter.ts";

/** What it is made with. */
export interface CollectorParts {
  readonly net: NetContext;
  readonly cluster: ClusterPlan;
  readonly endpoint: EndpointFacts;
  readonly exporter: TraceExporterPlan;
  /** OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers: TraceExporterPlan["headers"];
}

/** One connection. */
export class CollectorConnection implements ChannelHandler, ClientEvents {
  private readonly parts: CollectorParts;
  private readonly channel: Channel;
  private codec: ClientCodec | null = null;
  private writer: MessageWriter | null = null;
  private body: Uint8Array | null = null;
  private done: OnExported | null = null;
  private isOver = false;

  constructor(parts: CollectorParts) {
    this.parts = parts;
    this.channel = dial(parts.net, serverTarget(parts.cluster, parts.endpoint), this);
  }

  /** Whether another export may be sent over it. */
  get isUsable(): boolean {
    return !this.isOver && this.done === null && (this.codec === null || this.codec.canOpen());
  }

  /** Sends one request; `done` comes once. */
  send(body: Uint8Array, done: OnExported): void {
    this.done = done;
    this.body = body;
    if (this.codec !== null) this.ask(this.codec);
  }

  /** Gives the export under way up, and the connection with it. */
  giveUp(text: string): void {
    this.finish("again", text);
    this.close();
  }

  /** Ends it; nobody hears of it. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done = null;
    this.writer?.reset(ErrorCode.Cancel);
    this.channel.handler = GONE;
    this.channel.close(0);
  }

  onConnect(): void {
    const { cluster, exporter } = this.parts;
    const isHttp2 = exporter.protocol === "grpc" || cluster.protocol === "http2";
    this.codec = isHttp2
      ? createH2Client(this.channel, cluster.http.http2, this)
      : createH1Client(this.channel, cluster.http.http1, this);
    if (this.body !== null) this.ask(this.codec);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.codec?.receive(bytes, start, end, this.parts.net.clock.nowMs());
  }

  onEnd(): void {
    this.codec?.receiveEnd();
  }

  onDrain(): void {
    this.codec?.onDrain();
  }

  onClose(fault: NetFault | null): void {
    this.isOver = true;
    this.codec?.connectionLost(CLOSED);
    this.finish("again", fault?.text ?? "the connection was closed");
  }

  // The codec.

  onExchangeDone(): void {
    // Whether another export may follow says `canOpen`.
  }

  onDraining(): void {
    this.isOver = true;
  }

  onCapacity(): void {
    // One export is under way at most.
  }

  onConnectionDone(): void {
    this.finish("again", "the collector ended the connection");
    this.close();
  }

  private ask(codec: ClientCodec): void {
    const { body } = this;
    if (body === null) return;
    this.body = null;
    const isGrpc = this.parts.exporter.protocol === "grpc";
    const bytes = isGrpc ? grpcFrame(body) : body;
    this.writer = codec.open(new ExportAnswer(isGrpc, (result, text) => this.finish(result, text)));
    this.writer.writeHead(this.head(bytes.length), false);
    this.writer.writeData(bytes, 0, bytes.length, true);
  }

  private head(bytes: number): HeaderList {
    const { cluster, exporter, headers } = this.parts;
    const head = new HeaderList();
    const isGrpc = exporter.protocol === "grpc";
    head.addText(H.PSEUDO_METHOD, "POST");
    head.addText(H.PSEUDO_SCHEME, cluster.tls === null ? "http" : "https");
    head.addText(H.PSEUDO_AUTHORITY, exporter.authority);
    head.addText(H.PSEUDO_PATH, exporter.path);
    if (isGrpc) head.addText(H.TE, "trailers");
    else head.addText(H.CONTENT_LENGTH, String(bytes));
    head.addText(H.CONTENT_TYPE, isGrpc ? "application/grpc" : "application/x-protobuf");
    head.addText(H.USER_AGENT, "starling");
    for (const { name, value } of [...headers, ...exporter.headers]) head.add(name, value);
    return head;
  }

  private finish(result: ExportResult, text: string): void {
    const { done } = this;
    this.done = null;
    this.writer = null;
    done?.(result, text);
  }
}

const CLOSED = makeFault("connection_closed", "connection_termination", { code: ErrorCode.NoError });
const GONE: ChannelHandler = Object.freeze({ onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
