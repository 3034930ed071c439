// The timers of one request that belong to the connection manager: stream idle, stream duration, request, the lines of its access log
// while it lasts. The router has its own.
import { Timer } from "../../base/timer-wheel.ts";
import type { ForwardPlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import type { LoggedSource } from "../../telemetry/log-filter.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { type LocalReply, REPLIES } from "./local-reply.ts";
import { streamDurationMs } from "./request-times.ts";

/** Whose timers they are. */
export interface TimedStream extends LoggedSource {
  readonly manager: ConnectionManager;
  readonly requestEnded: boolean;
  readonly roundMs: number;
  readonly isGrpc: boolean;
  nowMs(): number;
  /** Answers, or breaks an answer that has begun. */
  giveUp(answer: LocalReply): void;
}

/** Made once per exchange, armed for each request. */
export class StreamTimers {
  private readonly stream: TimedStream;
  private idleMs = Number.POSITIVE_INFINITY;
  private readonly idle: Timer;
  private readonly duration: Timer;
  private readonly request: Timer;
  private readonly line: Timer;

  constructor(stream: TimedStream) {
    this.stream = stream;
    this.idle = new Timer(() => {
      count(stream.manager.stats, HTTP.at.downstream_rq_idle_timeout);
      stream.giveUp(stream.requestEnded ? REPLIES.streamIdleTimeout : REPLIES.streamIdleTimeoutRequest);
    });
    this.duration = new Timer(() => {
      count(stream.manager.stats, HTTP.at.downstream_rq_max_duration_reached);
      stream.giveUp(stream.requestEnded ? REPLIES.streamDuration : REPLIES.streamDurationRequest);
    });
    this.request = new Timer(() => {
      count(stream.manager.stats, HTTP.at.downstream_rq_timeout);
      stream.giveUp(REPLIES.requestTimeout);
    });
    this.line = new Timer(() => {
      stream.manager.logs.write(stream, "DownstreamPeriodic");
      stream.manager.worker.services.wheel.arm(this.line, stream.manager.plan.logIntervalMs);
    });
  }

  /** The head has come. */
  start(): void {
    const { plan, worker } = this.stream.manager;
    const { wheel } = worker.services;
    this.idleMs = plan.streamIdleTimeoutMs;
    const start = this.stream.roundMs;
    wheel.armAt(this.idle, start + this.idleMs);
    if (plan.streamDurationMaxMs !== Number.POSITIVE_INFINITY)
      wheel.armAt(this.duration, start + plan.streamDurationMaxMs);
    if (plan.requestTimeoutMs !== Number.POSITIVE_INFINITY && !this.stream.requestEnded)
      wheel.armAt(this.request, start + plan.requestTimeoutMs);
    if (plan.logIntervalMs !== Number.POSITIVE_INFINITY) wheel.armAt(this.line, start + plan.logIntervalMs);
  }

  /** The route has its own times. */
  useRoute(forward: ForwardPlan, head: HeaderList): void {
    const { isGrpc, manager, roundMs } = this.stream;
    const { wheel } = this.stream.manager.worker.services;
    if (forward.idleTimeoutMs >= 0) {
      this.idleMs = forward.idleTimeoutMs;
      this.touch();
    }
    const durationMs = streamDurationMs(forward, head, isGrpc, manager.plan.streamDurationMaxMs);
    if (durationMs >= 0) wheel.armAt(this.duration, roundMs + durationMs);
  }

  /** Something of the request or the response moved. */
  touch(): void {
    this.stream.manager.worker.services.wheel.arm(this.idle, this.idleMs);
  }

  /** The request is complete. */
  onRequestEnd(): void {
    this.stream.manager.worker.services.wheel.disarm(this.request);
  }

  /** The exchange is over. */
  stop(): void {
    const { wheel } = this.stream.manager.worker.services;
    wheel.disarm(this.idle);
    wheel.disarm(this.duration);
    wheel.disarm(this.request);
    wheel.disarm(this.line);
  }
}
