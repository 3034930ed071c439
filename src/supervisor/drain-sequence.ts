// A graceful drain of listeners: connections are asked to end over the drain time while new ones are still accepted, then the
// listening sockets close. As Envoy: the node stays LIVE meanwhile.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ListenerInput } from "../messages/listener.ts";
import type { ServeOptions } from "../messages/options.ts";
import type { Logger } from "./log/logger.ts";

/** How listeners are drained. */
export interface DrainWish {
  readonly graceful: boolean;
  /** With `graceful`: keep the sockets open at the end of the drain time. */
  readonly skipExit: boolean;
  readonly inboundOnly: boolean;
}

/** The drain of a node; happens at most once at a time. */
export class DrainSequence {
  private readonly wheel: TimerWheel;
  private readonly log: Logger;
  private readonly options: ServeOptions;
  private readonly order: (message: ListenerInput) => void;
  private readonly timer: Timer = new Timer(() => this.finish());
  private wish: DrainWish | null = null;
  private standingOrders: readonly ListenerInput[] = [];

  constructor(
    parts: { readonly wheel: TimerWheel; readonly log: Logger; readonly options: ServeOptions },
    order: (message: ListenerInput) => void,
  ) {
    this.wheel = parts.wheel;
    this.log = parts.log;
    this.options = parts.options;
    this.order = order;
  }

  /** Begins; a second graceful wish during a drain changes nothing. */
  start(wish: DrainWish): void {
    const { inboundOnly } = wish;
    if (!wish.graceful) {
      this.give({ type: "stop-listening", inboundOnly });
      return;
    }
    if (this.wish !== null) return;
    this.wish = wish;
    const drainMs = this.options.drainTimeS * 1000;
    const spreadMs = this.options.drainStrategy === "immediate" ? 0 : drainMs;
    this.log.info("main", `draining listeners over ${this.options.drainTimeS} s`);
    this.give({ type: "start-draining", spreadMs, inboundOnly });
    this.wheel.arm(this.timer, drainMs);
  }

  /** What a worker that starts now must be told to be where its siblings are. */
  standing(): readonly ListenerInput[] {
    return this.standingOrders;
  }

  /** Ends the timer. */
  stop(): void {
    this.wheel.remove(this.timer);
  }

  private finish(): void {
    const wish = this.wish;
    this.wish = null;
    if (wish === null || wish.skipExit) return;
    this.log.info("main", "drain time is over: listeners stop accepting");
    this.give({ type: "stop-listening", inboundOnly: wish.inboundOnly });
  }

  private give(message: ListenerInput): void {
    this.standingOrders = [...this.standingOrders, message];
    this.order(message);
  }
}
