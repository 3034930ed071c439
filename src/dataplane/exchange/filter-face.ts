// The face that an exchange shows its filters; made only for requests that have filters.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { FilterOverrideSettings } from "../../config/plan/http-filter.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { type FilterCall, Step } from "../filters/filter.ts";
import type { RouteFilters } from "../filters/filter-table.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { Exchange } from "./exchange.ts";
import type { LocalReply } from "./local-reply.ts";
import { Phase } from "./phases.ts";

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

  get protocol(): "http1" | "http2" {
    return this.exchange?.owner?.protocol ?? "http1";
  }

  get clientAddress(): string {
    return this.exchange?.clientAddress ?? "";
  }

  connection(): object {
    return this.exchange?.owner ?? this;
  }

  operator(name: string, args: readonly string[]): string | undefined {
    return this.exchange?.operator(name, args);
  }

  request(): HeaderList | null {
    return this.exchange === null ? null : this.exchange.request;
  }

  response(): HeaderList | null {
    return this.exchange === null ? null : this.exchange.response.head;
  }

  text(operator: string): string {
    return this.exchange?.operator(operator, []) ?? "";
  }

  route(): Route | null {
    return this.exchange === null ? null : this.exchange.route();
  }

  clearRoute(): void {
    this.exchange?.clearRoute();
  }

  cluster(): Cluster | null {
    const { exchange } = this;
    const action = exchange?.route()?.plan.action;
    if (exchange === null || action?.kind !== "forward") return null;
    const name = exchange.router.clusterName(action);
    return name === null ? null : exchange.manager.worker.services.upstreams.cluster(name);
  }

  /** The filters of the route as it is now. */
  filters(): RouteFilters {
    const exchange = this.exchange as Exchange;
    const route = exchange.route();
    const action = route?.plan.action;
    if (action?.kind === "forward") exchange.router.clusterName(action);
    return exchange.manager.filters.of(route, exchange.router.chosen);
  }

  override(place: number): FilterOverrideSettings | null {
    return this.overrides(place).at(-1) ?? null;
  }

  overrides(place: number): readonly FilterOverrideSettings[] {
    if (this.exchange === null) return NONE;
    const { base, isPlain } = this.exchange.manager.filters;
    return (isPlain ? base : this.filters()).overrides[place] ?? NONE;
  }

  reply(answer: LocalReply, change?: (head: HeaderList) => void, by: "route" | "filter" = "route"): Step {
    const { exchange } = this;
    if (exchange === null) return Step.Reply;
    // As Envoy: what a route changes of answers it changes of those that a filter gives in place of its cluster's.
    const route = exchange.phase === Phase.Filters && by === "route" ? exchange.route() : null;
    if (route?.plan.action.kind === "forward") exchange.router.useRoute(route);
    return exchange.reply(answer, change);
  }

  replace(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    this.exchange?.chain?.piece.set(bytes, start, end, last);
    return Step.Replaced;
  }

  holdRequest(bytesMax: number): void {
    const chain = this.exchange?.chain;
    if (chain) chain.decode.holdBytesMax = bytesMax;
  }

  holdResponse(bytesMax: number): void {
    const chain = this.exchange?.chain;
    if (chain) chain.encode.holdBytesMax = bytesMax;
  }

  limitResponse(bytesPerSecond: number): void {
    this.exchange?.response.limit(bytesPerSecond);
  }

  resumeDecode(): void {
    this.exchange?.resumeDecode();
  }

  resumeEncode(): void {
    this.exchange?.response.resume();
  }

  upstreamMs(): number {
    const { exchange } = this;
    if (exchange === null || exchange.router.upstreamServiceMs < 0) return -1;
    return exchange.nowMs() - exchange.requestEndMs;
  }

  addFlag(flag: string): void {
    this.exchange?.addFlag(flag);
  }

  markHealthCheck(): void {
    if (this.exchange !== null) this.exchange.isHealthCheck = true;
  }

  setMetadata(namespace: string, key: string, value: unknown): void {
    this.exchange?.setMetadata(namespace, key, value);
  }

  /** The request is over. */
  detach(): void {
    this.exchange = null;
  }
}

const NONE: readonly FilterOverrideSettings[] = [];
