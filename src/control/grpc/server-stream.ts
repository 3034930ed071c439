// One gRPC stream to one endpoint of a server's cluster: a connection of its own with the cluster's TLS and HTTP/2 options, one call on it,
// messages as bytes both ways. Made by load-actor.ts and rtds-client.ts; what is said is not its business.
import { machineAddress } from "../../base/machine.ts";
import type { Random } from "../../base/random.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { GrpcServicePlan } from "../../config/plan/grpc-service.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { dial } from "../../net/dial.ts";
import type { NetContext } from "../../net/net-context.ts";
import { ErrorCode, fault as makeFault } from "../../protocol/fault.ts";
import { httpStatusOfGrpc } from "../../protocol/grpc-status.ts";
import { createH2Client } from "../../protocol/h2/client.ts";
import { Keepalive } from "../../protocol/h2/keepalive.ts";
import { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { ClientCodec, ClientEvents, MessageWriter } from "../../protocol/message.ts";
import { grpcFrame } from "./grpc-frames.ts";
import { type ResponseOwner, ServerResponse } from "./server-response.ts";
import { serverTarget } from "./server-target.ts";
import type { StreamAccount } from "./stream-account.ts";

/** Hears of the stream. After `onEnd` nothing comes. */
export interface ServerStreamOwner {
  /** The connection stands: what is sent now is the first message. */
  onOpen(): void;
  /** The response has begun. `acknowledges`: the server answers every report, and drops one that it has. */
  onAnswered(acknowledges: boolean): void;
  onMessage(bytes: Uint8Array): void;
  /** What was backed up is on its way. */
  onWritable(): void;
  /** It is over: a gRPC status with its text, as Envoy's log has it. */
  onEnd(status: number, text: string): void;
}

/** What a stream is made with. */
export interface ServerStreamParts {
  readonly net: NetContext;
  readonly random: Random;
  readonly service: GrpcServicePlan;
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly cluster: ClusterPlan;
  readonly endpoint: EndpointFacts;
  readonly account: StreamAccount;
  readonly owner: ServerStreamOwner;
}

/** One stream. */
export class ServerStream implements ChannelHandler, ClientEvents, ResponseOwner {
  private readonly parts: ServerStreamParts;
  private readonly channel: Channel;
  private codec: ClientCodec | null = null;
  private writer: MessageWriter | null = null;
  /** connection_keepalive of the server's cluster. */
  private keepalive: Keepalive | null = null;
  private hasAnswer = false;
  private isOver = false;

  constructor(parts: ServerStreamParts) {
    this.parts = parts;
    parts.account.connecting();
    this.channel = dial(parts.net, serverTarget(parts.cluster, parts.endpoint), this);
  }

  /** Whether the server takes less than it is sent: nothing more is to be given now. */
  get isBackedUp(): boolean {
    return this.writer?.isBackedUp() ?? false;
  }

  /** Sends one message. */
  send(message: Uint8Array): void {
    const frame = grpcFrame(message);
    this.writer?.writeData(frame, 0, frame.length, false);
  }

  /** Nothing more is sent: the server ends the stream when it has read everything. */
  endRequests(): void {
    this.writer?.writeData(NOTHING, 0, 0, true);
  }

  /** Ends it; the owner hears nothing more. */
  close(): void {
    this.finish("local", "error");
  }

  onConnect(): void {
    const { account, cluster, net, owner, random } = this.parts;
    const { keepalive } = cluster.http.http2;
    account.opened();
    const codec = createH2Client(this.channel, cluster.http.http2, this);
    this.codec = codec;
    if (keepalive !== null) {
      const services = { wheel: net.wheel, random };
      this.keepalive = new Keepalive(codec, keepalive, services, net.clock.nowMs(), () => this.onSilent());
    }
    this.writer = codec.open(new ServerResponse(this));
    this.writer.writeHead(this.requestHead(), false);
    owner.onOpen();
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    const nowMs = this.parts.net.clock.nowMs();
    this.codec?.receive(bytes, start, end, nowMs);
    this.keepalive?.heard(nowMs);
  }

  onEnd(): void {
    this.codec?.receiveEnd();
  }

  onDrain(): void {
    this.codec?.onDrain();
  }

  onClose(fault: NetFault | null): void {
    if (this.codec === null) {
      const why = fault?.text ?? "closed";
      const details = `upstream_reset_before_response_started{remote_connection_failure|${why}}`;
      this.over("remote", UNAVAILABLE, `${BEFORE_HEADERS}remote connection failure{${details}}`);
    } else this.codec.connectionLost(CLOSED);
  }

  onHead(httpStatus: number, acknowledges: boolean): void {
    this.hasAnswer = true;
    this.parts.account.answered(httpStatus);
    this.parts.owner.onAnswered(acknowledges);
  }

  onMessage(bytes: Uint8Array): void {
    this.parts.owner.onMessage(bytes);
  }

  onWritable(): void {
    this.parts.owner.onWritable();
  }

  onOver(status: number, text: string, isReset: boolean): void {
    this.over(isReset ? "local" : "remote", status, text);
  }

  onExchangeDone(): void {
    // One exchange is all that the connection is for.
  }

  onDraining(): void {
    // The stream goes on until the server ends it.
  }

  onCapacity(): void {
    // One stream is open at most.
  }

  onConnectionDone(): void {
    this.over("remote", UNAVAILABLE, `${BEFORE_HEADERS}connection termination`);
  }

  /** The server does not answer PING. */
  private onSilent(): void {
    this.parts.account.keepaliveTimedOut();
    this.over("local", UNAVAILABLE, `${BEFORE_HEADERS}connection termination`);
  }

  private over(by: "local" | "remote", status: number, text: string): void {
    if (this.isOver) return;
    this.finish(by, httpStatusOfGrpc(String(status)) >= 500 ? "error" : "success");
    this.parts.owner.onEnd(status, text);
  }

  private finish(by: "local" | "remote", outcome: "success" | "error"): void {
    if (this.isOver) return;
    this.isOver = true;
    this.keepalive?.stop();
    this.keepalive = null;
    const { account } = this.parts;
    if (this.codec === null) account.connectFailed();
    else account.ended(by, this.hasAnswer ? outcome : "unanswered");
    this.writer?.reset(ErrorCode.Cancel);
    this.channel.handler = GONE;
    this.channel.close(0);
  }

  private requestHead(): HeaderList {
    const { service, method, cluster } = this.parts;
    const head = new HeaderList();
    head.addText(H.PSEUDO_METHOD, "POST");
    head.addText(H.PSEUDO_SCHEME, cluster.tls === null ? "http" : "https");
    head.addText(H.PSEUDO_AUTHORITY, service.authority);
    head.addText(H.PSEUDO_PATH, method);
    head.addText(H.TE, "trailers");
    head.addText(H.CONTENT_TYPE, "application/grpc");
    if (!service.skipEnvoyHeaders) {
      head.addText(H.X_ENVOY_INTERNAL, "true");
      head.addText(H.X_FORWARDED_FOR, machineAddress());
    }
    for (const { name, value } of service.metadata) head.add(name, value);
    return head;
  }
}

const BEFORE_HEADERS = "upstream connect error or disconnect/reset before headers. reset reason: ";
const NOTHING = new Uint8Array(0);
const UNAVAILABLE = 14;
const CLOSED = makeFault("connection_closed", "connection_termination", { code: ErrorCode.NoError });
const GONE: ChannelHandler = Object.freeze({ onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
