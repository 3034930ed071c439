// The contract of an HTTP filter: what it is told of a message, what it may answer, and what it may ask of its request.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { FilterOverrideSettings } from "../../config/plan/http-filter.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { FormatSource } from "../../telemetry/format.ts";
import type { LocalReply } from "../exchange/local-reply.ts";
import type { MemoryBudget } from "../exchange/memory-budget.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";

/**
 * What a phase or a filter answers: `Next` goes on, `Parked` waits (somebody calls `resume…`), `Reply`: a local answer was given
 * through `reply` and takes the place of what would have followed, `Replaced`: the bytes or trailers that `replace` was given go on
 * instead of those that the hook was shown.
 */
export const Step = { Next: 0, Parked: 1, Reply: 2, Replaced: 3 } as const;
export type Step = (typeof Step)[keyof typeof Step];

/**
 * One filter of one request: made when the request comes, dropped when it is over. Absent hooks let everything pass. `decode…` sees
 * the request in the order of the configuration, `encode…` the response in the opposite order, local answers included (then without
 * having seen the request, when an earlier filter gave the answer).
 * While a filter is parked it still sees the body that comes; what it has seen waits for the filters behind it, bounded by 32 KiB
 * (or what `hold…` says) before the source is paused. The bytes are the caller's: a filter that keeps them copies them.
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

/** What a filter may ask of its request. After the request's end every call is without effect. */
export interface FilterCall extends FormatSource {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly protocol: "http1" | "http2";
  /** The client's address, as far as it is trusted; empty on a pipe. */
  readonly clientAddress: string;
  /** Stands for the client's connection: the same object for all its requests. */
  connection(): object;
  /** The request's head as it is now; null when the request is over. */
  request(): HeaderList | null;
  /** The response's head as it is now; null before there is one. */
  response(): HeaderList | null;
  /** What an operator of access logs says of the request now; empty: nothing. */
  text(operator: string): string;
  /** The route as it is now, null when none matches. A filter that changes what routes look at calls `clearRoute` afterwards. */
  route(): Route | null;
  clearRoute(): void;
  /** The cluster that the route leads to, null when it leads to none. */
  cluster(): Cluster | null;
  /** What the route as it is now gives this filter, the most specific level alone; null: nothing. `place`: of the filter's site. */
  override(place: number): FilterOverrideSettings | null;
  /** What all levels give it, the least specific one first: route configuration, virtual host, route, weighted cluster. */
  overrides(place: number): readonly FilterOverrideSettings[];
  /**
   * Answers the request here: `return call.reply(answer)` in a hook; outside of one it may be called while parked. `change` may add
   * fields to the answer's head before the filters see it. `by` "filter": what the route changes of answers it does not change of this.
   */
  reply(answer: LocalReply, change?: (head: HeaderList) => void, by?: "route" | "filter"): Step;
  /**
   * `return call.replace(…)` in a data hook: these bytes go on instead, none at all when they are empty and not the last. In a trailers
   * hook: the message ends with these bytes (`last` true) and has no trailers. The bytes may be the filter's own until it is called again.
   */
  replace(bytes: Uint8Array, start: number, end: number, last: boolean): Step;
  /** Lets so many bytes of the request's body wait behind a parked filter before the client is paused. */
  holdRequest(bytesMax: number): void;
  /** Lets so many bytes of the answer's body wait behind a parked filter before the upstream is paused. */
  holdResponse(bytesMax: number): void;
  /** The body of the answer goes to the client at no more than this rate. */
  limitResponse(bytesPerSecond: number): void;
  /** Goes on behind the filter that parked the request; in a hook of that filter: after what it was shown. */
  resumeDecode(): void;
  /** Goes on behind the filter that parked the response, likewise. */
  resumeEncode(): void;
  /** Milliseconds from the request's end until now when the upstream has answered, else -1. */
  upstreamMs(): number;
  /** Adds a response flag for the access log. */
  addFlag(flag: string): void;
  /** The request is a health check: its answer does not count among those of the listener. */
  markHealthCheck(): void;
  /** Sets a value of the request's dynamic metadata: `%DYNAMIC_METADATA(namespace:key)%` of access logs and added headers. */
  setMetadata(namespace: string, key: string, value: unknown): void;
}

/** Makes one filter for one request; null: it has nothing to do with this one. */
export type FilterMaker = (call: FilterCall) => HttpFilter | null;

/** What a filter is opened with, once per connection manager and worker. */
export interface FilterSite {
  readonly services: WorkerServices;
  /** For bytes that a filter holds itself (`BodyBuffer`). */
  readonly budget: MemoryBudget;
  /** Whether this node was told to fail its health checks. */
  isFailing(): boolean;
  /** `http.<stat_prefix>.`, where a filter's own counters stand. */
  readonly statPrefix: string;
  /** What routes may give the filter, all of them. */
  readonly overrides: readonly FilterOverrideSettings[];
  /** What `FilterCall.override` wants to know. */
  readonly place: number;
}
