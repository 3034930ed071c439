// The probe of one endpoint under one check: owns its connection and its time, and says exactly once how each probe ended. Made by
// prober.ts; what is asked and heard is the talk's business.
import type { HttpCheckPlan } from "../../../config/plan/health-check.ts";
import type { Channel, ChannelHandler, NetFault } from "../../../net/channel.ts";
import { type DialOptions, dial } from "../../../net/dial.ts";
import type { NetContext } from "../../../net/net-context.ts";
import { createH1Client } from "../../../protocol/h1/client-connection.ts";
import { createH2Client } from "../../../protocol/h2/client.ts";
import type { ClientCodec, ClientEvents } from "../../../protocol/message.ts";
import type { Probe, ProbeOutcome, ProbeTarget } from "../probe.ts";
import { type AnswerJudge, CodecTalk } from "./codec-talk.ts";
import { Deadline, type Deadlines } from "./deadlines.ts";
import { GrpcJudge } from "./grpc-judge.ts";
import type { HandshakeBudget, HandshakeTaker } from "./handshake-budget.ts";
import { HttpJudge } from "./http-judge.ts";
import { noAnswer, SUCCESS } from "./outcomes.ts";
import { probeRequest } from "./probe-request.ts";
import { probeRoute } from "./probe-route.ts";
import { netReason } from "./reasons.ts";
import type { Talk, TalkOwner } from "./talk.ts";
import { TcpTalk } from "./tcp-talk.ts";

/** What the probes of a thread share. */
export interface ProbeHouse {
  readonly net: NetContext;
  readonly deadlines: Deadlines;
  readonly handshakes: HandshakeBudget;
  /** Whether a connection may stay open between two probes. */
  readonly keepsConnections: boolean;
  /** It was closed. */
  onClosed(probe: EndpointProbe): void;
}

/** Implements Probe. */
export class EndpointProbe implements Probe, ChannelHandler, TalkOwner, HandshakeTaker {
  private readonly house: ProbeHouse;
  private readonly target: ProbeTarget;
  private readonly onOutcome: (outcome: ProbeOutcome) => void;
  private readonly route: DialOptions;
  private readonly deadline: Deadline;
  private channel: Channel | null = null;
  /** Null until the connection stands. */
  private talk: Talk | null = null;
  private isRunning = false;
  /** The connection stood before this probe began. */
  private isReused = false;
  /** What is left of the time while it does not run: before a handshake's turn. */
  private leftMs = 0;
  private outcome: ProbeOutcome | null = null;
  private asksAgain = false;

  constructor(house: ProbeHouse, target: ProbeTarget, onOutcome: (outcome: ProbeOutcome) => void) {
    this.house = house;
    this.target = target;
    this.onOutcome = onOutcome;
    this.route = probeRoute(target);
    this.deadline = new Deadline(house.deadlines, () => this.onTimeout());
  }

  start(): void {
    if (this.isRunning) throw new Error("a probe runs already");
    this.isRunning = true;
    this.leftMs = this.target.check.timeoutMs;
    if (this.talk?.canAsk()) {
      this.isReused = true;
      this.deadline.run(this.leftMs);
      this.talk.ask();
    } else {
      this.connect();
    }
  }

  close(): void {
    this.isRunning = false;
    this.house.handshakes.leave(this);
    this.deadline.remove();
    this.drop();
    this.house.onClosed(this);
  }

  onHandshakeTurn(): void {
    if (this.isRunning) this.dial();
  }

  onConnect(): void {
    const { checker } = this.target.check;
    if (checker.kind === "tcp" && checker.receive.length === 0) {
      this.drop();
      this.onAnswer(SUCCESS);
      this.settle();
      return;
    }
    this.talk = this.makeTalk(this.channel as Channel);
    this.talk.ask();
    this.settle();
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.talk?.receive(bytes, start, end);
    this.settle();
  }

  onEnd(): void {
    this.talk?.receiveEnd();
    this.drop();
    this.settle();
  }

  onDrain(): void {
    this.talk?.onDrain();
  }

  onClose(fault: NetFault | null): void {
    const reason = netReason(fault);
    if (this.talk === null) this.onNoAnswer(reason, false);
    else this.talk.lost(reason);
    this.drop();
    this.settle();
  }

  onAnswer(outcome: ProbeOutcome): void {
    this.outcome = outcome;
  }

  onNoAnswer(reason: string, isStale: boolean): void {
    // A connection that was kept and ended meanwhile says nothing about the endpoint.
    if (isStale && this.isReused) this.asksAgain = true;
    else this.outcome = noAnswer("network", reason);
  }

  private connect(): void {
    this.drop();
    this.isReused = false;
    if (this.route.tls === null) this.dial();
    else this.house.handshakes.ask(this);
  }

  private dial(): void {
    this.deadline.run(this.leftMs);
    this.channel = dial(this.house.net, this.route, this);
  }

  /** After whatever came: tells the outcome when there is one, and lets go of a connection that is of no more use. */
  private settle(): void {
    if (this.asksAgain) {
      this.asksAgain = false;
      this.leftMs = this.deadline.stop();
      if (this.isRunning) this.connect();
      return;
    }
    const { outcome } = this;
    if (outcome === null) {
      if (!this.isRunning && this.talk !== null && !this.talk.canAsk()) this.drop();
      return;
    }
    const isKept = this.target.check.reuseConnection && this.house.keepsConnections && this.talk?.canAsk();
    if (!isKept) this.drop();
    this.finish(outcome);
  }

  private onTimeout(): void {
    const what = this.talk === null ? "no connection" : "no answer";
    this.drop();
    this.finish(noAnswer("timeout", `${what} within ${this.target.check.timeoutMs} ms`));
  }

  private finish(outcome: ProbeOutcome): void {
    this.deadline.stop();
    this.outcome = null;
    if (!this.isRunning) return;
    this.isRunning = false;
    this.onOutcome(outcome);
  }

  /** Ends the connection. */
  private drop(): void {
    const { channel } = this;
    this.channel = null;
    this.talk = null;
    if (channel === null) return;
    channel.handler = GONE;
    channel.abort("close");
  }

  private makeTalk(channel: Channel): Talk {
    const { check, cluster } = this.target;
    const { checker } = check;
    if (checker.kind === "tcp") return new TcpTalk(channel, checker, this);
    const { http1, http2 } = cluster.http;
    const isHttp1 = checker.kind === "http" && codecOf(checker, channel.tls?.alpn ?? "") === "http1";
    const makeCodec = (events: ClientEvents): ClientCodec =>
      isHttp1 ? createH1Client(channel, http1, events) : createH2Client(channel, http2, events);
    const judge: AnswerJudge = checker.kind === "http" ? new HttpJudge(checker) : new GrpcJudge();
    return new CodecTalk(this.house.net.clock, makeCodec, probeRequest(this.target), judge, this);
  }
}

/** What is spoken after `agreed` came out of the handshake; empty: nothing did. */
function codecOf({ codec, usesAlpn }: HttpCheckPlan, agreed: string): HttpCheckPlan["codec"] {
  if (!usesAlpn) return codec;
  return agreed === "h2" ? "http2" : agreed === "http/1.1" ? "http1" : codec;
}

const GONE: ChannelHandler = Object.freeze({ onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
