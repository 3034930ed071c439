// PING on a connection that says nothing (Envoy's connection_keepalive), for both roles: asks every interval and gives up on a peer from
// which nothing comes within the timeout. One object a connection, made by its owner only where the configuration asks for it.
import type { Random } from "../../base/random.ts";
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";

/** When to ask. */
export interface KeepaliveOptions {
  /** From an answer to the next PING; Infinity: only `idleIntervalMs` asks. */
  readonly intervalMs: number;
  /** How long nothing may come after a PING. */
  readonly timeoutMs: number;
  /** Up to this share of the interval, in percent, is added to each. */
  readonly jitterPercent: number;
  /** A client asks before a stream on a connection from which nothing came for longer than this; Infinity: never. */
  readonly idleIntervalMs: number;
}

/** What asks and knows of the answer: a codec. */
export interface Pinger {
  /** Sends PING; false when the previous one is unanswered. */
  ping(): boolean;
  /** Whether an answer is awaited. */
  readonly awaitsPong: boolean;
}

/** One connection's keepalive. */
export class Keepalive {
  private readonly codec: Pinger;
  private readonly options: KeepaliveOptions;
  private readonly wheel: TimerWheel;
  private readonly random: Random;
  /** Rings for the next PING, or because its answer did not come. */
  private readonly timer: Timer;
  private isWaiting = false;
  private heardMs: number;

  /** Begins at once. `onSilent`: the peer did not answer. */
  constructor(
    codec: Pinger,
    options: KeepaliveOptions,
    services: { readonly wheel: TimerWheel; readonly random: Random },
    nowMs: number,
    onSilent: () => void,
  ) {
    this.codec = codec;
    this.options = options;
    this.wheel = services.wheel;
    this.random = services.random;
    this.heardMs = nowMs;
    this.timer = new Timer(() => {
      if (this.isWaiting) onSilent();
      else this.ask();
    });
    this.rest(nowMs);
  }

  /** The codec has looked at bytes that came. Any of them put the end off, the answer alone ends the wait. */
  heard(nowMs: number): void {
    this.heardMs = nowMs;
    if (!this.isWaiting) return;
    if (this.codec.awaitsPong) this.wheel.armAt(this.timer, nowMs + this.options.timeoutMs);
    else this.rest(nowMs);
  }

  /** A client is about to open a stream. */
  beforeStream(nowMs: number): void {
    if (!this.isWaiting && nowMs - this.heardMs > this.options.idleIntervalMs) this.ask();
  }

  /** The connection is over. */
  stop(): void {
    this.wheel.remove(this.timer);
  }

  private ask(): void {
    if (!this.codec.ping()) return;
    this.isWaiting = true;
    this.wheel.disarm(this.timer);
    this.wheel.arm(this.timer, this.options.timeoutMs);
  }

  private rest(nowMs: number): void {
    const { intervalMs, jitterPercent } = this.options;
    this.isWaiting = false;
    if (intervalMs === Number.POSITIVE_INFINITY) {
      this.wheel.disarm(this.timer);
      return;
    }
    const jitterMs = Math.floor((intervalMs * jitterPercent) / 100);
    this.wheel.armAt(this.timer, nowMs + intervalMs + (jitterMs > 0 ? this.random.below(jitterMs) : 0));
  }
}
