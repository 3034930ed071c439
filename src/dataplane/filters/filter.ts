// The contract of an HTTP filter: what it is told of a message, what it may answer, and what it may ask of its request.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { LocalReply } from "../exchange/local-reply.ts";
import type { Route } from "../routing/route-table.ts";

/**
 * What a phase or a filter answers: `Next` goes on, `Parked` waits (somebody calls `resume`), `Reply`: a local answer was given
 * through `reply` and takes the place of what would have followed.
 */
export const Step = { Next: 0, Parked: 1, Reply: 2 } as const;
export type Step = (typeof Step)[keyof typeof Step];

/**
 * One filter of one request: made when the request comes, dropped when it is over. Absent hooks let everything pass. `decode…` sees
 * the request in the order of the configuration, `encode…` the response in the opposite order, local answers included.
 * While a filter is parked it still sees the body that comes; what it has seen waits for the filters behind it, bounded by 32 KiB
 * before the source is paused.
 */
export interface HttpFilter {
  decodeHead?(head: HeaderList, end: boolean): Step;
  decodeData?(bytes: Uint8Array, start: number, end: number, last: boolean): Step;
  decodeTrailers?(trailers: HeaderList): Step;
  encodeHead?(head: HeaderList, end: boolean): Step;
  encodeData?(bytes: Uint8Array, start: number, end: number, last: boolean): Step;
  encodeTrailers?(trailers: HeaderList): Step;
  /** The request is over, whatever its end: timers are taken back. Comes exactly once. */
  done?(): void;
}

/** What a filter may ask of its request. */
export interface FilterCall {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** The route as it is now, null when none matches. A filter that changes what routes look at asks `clearRoute` first. */
  route(): Route | null;
  clearRoute(): void;
  /** Answers the request here: `return call.reply(answer)` in a hook; outside of one it may be called while parked. */
  reply(answer: LocalReply): Step;
  /** Goes on behind the filter that parked the request. */
  resumeDecode(): void;
  /** Goes on behind the filter that parked the response. */
  resumeEncode(): void;
}

/** Makes one filter for one request; null: it has nothing to do with this one. */
export type FilterMaker = (call: FilterCall) => HttpFilter | null;
