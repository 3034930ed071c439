// The face that an exchange shows its filters; made only for requests that have filters.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { type FilterCall, Step } from "../filters/filter.ts";
import type { Route } from "../routing/route-table.ts";
import type { Exchange } from "./exchange.ts";
import type { LocalReply } from "./local-reply.ts";

/** One request as its filters see it. Calls after its end do nothing. */
export class FilterFace implements FilterCall {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** Null when the request is over: a filter that calls late must not reach the exchange's next request. */
  private exchange: Exchange | null;

  constructor(exchange: Exchange) {
    const { services } = exchange.manager.worker;
    this.clock = services.clock;
    this.wheel = services.wheel;
    this.random = services.random;
    this.exchange = exchange;
  }

  route(): Route | null {
    return this.exchange === null ? null : this.exchange.route();
  }

  clearRoute(): void {
    this.exchange?.clearRoute();
  }

  reply(answer: LocalReply): Step {
    return this.exchange === null ? Step.Reply : this.exchange.reply(answer);
  }

  resumeDecode(): void {
    this.exchange?.resumeDecode();
  }

  resumeEncode(): void {
    this.exchange?.response.resume();
  }

  /** The request is over. */
  detach(): void {
    this.exchange = null;
  }
}
