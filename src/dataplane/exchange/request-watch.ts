// Requests of one worker that somebody looks at: their times, and single ones for taps, told four times a second. There only while a lease
// lasts; an exchange asks for it once, at its end. What is secret stays in this thread.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type {
  TappedRequest,
  TapTerms,
  TimedRequest,
  WatchTerms,
  WatchTold,
  WorkerLoad,
} from "../../telemetry/request-watch.ts";
import { statusOf } from "../tracing/traced-request.ts";
import type { Exchange } from "./exchange.ts";

/** What it stands on. */
export interface RequestWatchParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** What the worker has done since the last time. */
  load(): WorkerLoad;
  tell(told: WatchTold): void;
  /** Nobody looks any more. */
  onOver(): void;
}

/** The watch of one worker. */
export class RequestWatch {
  private readonly parts: RequestWatchParts;
  private readonly timer: Timer = new Timer(() => this.tell());
  private terms: WatchTerms = NOTHING;
  private redacts: ReadonlySet<string> = new Set();
  private taps: Tap[] = [];
  private times: TimedRequest[] = [];
  private ended = 0;
  private ticks = 0;
  private endMs = 0;

  constructor(parts: RequestWatchParts) {
    this.parts = parts;
  }

  /** Watches by these terms, for their lease. */
  assign(terms: WatchTerms): void {
    const { clock, wheel } = this.parts;
    this.endMs = clock.nowMs() + terms.leaseMs;
    this.terms = terms;
    this.redacts = new Set(terms.redacts);
    this.taps = terms.taps.map((one) => {
      const held = this.taps.find(({ terms: { id } }) => id === one.id);
      return { requests: [], dropped: 0, ...held, terms: one };
    });
    if (this.timer.dueMs === Number.POSITIVE_INFINITY) wheel.arm(this.timer, TELL_MS);
  }

  /** A request is over; its heads are still there. */
  take(exchange: Exchange): void {
    this.ended++;
    if (this.terms.times && this.times.length < TIMES_MAX) this.times.push(timed(exchange));
    let request: TappedRequest | null = null;
    for (const tap of this.taps) {
      if (!matches(exchange, tap.terms, this.redacts) || !this.isSampled(tap.terms.share)) continue;
      if (tap.requests.length >= REQUESTS_MAX) {
        tap.dropped++;
        continue;
      }
      request ??= tapped(exchange, this.redacts);
      tap.requests.push(request);
    }
  }

  /** Tells nothing more. */
  close(): void {
    this.parts.wheel.remove(this.timer);
  }

  private isSampled(share: number): boolean {
    return share >= 1 || this.parts.random.next32() < share * 2 ** 32;
  }

  private tell(): void {
    const { clock, wheel, load, tell, onOver } = this.parts;
    const isLoadDue = this.terms.times && this.ticks++ % TICKS_A_LOAD === 0;
    const full = this.taps.filter(({ requests, dropped }) => requests.length > 0 || dropped > 0);
    const taps = full.map(({ terms: { id }, requests, dropped }) => ({ id, requests, dropped }));
    if (isLoadDue || this.ended > 0) {
      tell({ load: isLoadDue ? load() : null, times: this.times, ended: this.ended, taps });
    }
    this.times = [];
    this.ended = 0;
    for (const tap of full) Object.assign(tap, { requests: [], dropped: 0 });
    const isIdle = !this.terms.times && this.taps.length === 0;
    if (isIdle || clock.nowMs() >= this.endMs) onOver();
    else wheel.arm(this.timer, TELL_MS);
  }
}

interface Tap {
  readonly terms: TapTerms;
  requests: TappedRequest[];
  dropped: number;
}

/** Looks at what is shown, not at what is hidden: else filters would tell secrets letter by letter. */
function matches(exchange: Exchange, terms: TapTerms, redacts: ReadonlySet<string>): boolean {
  const { request, router } = exchange;
  if (terms.cluster !== "" && router.cluster?.plan.name !== terms.cluster) return false;
  const route = router.route?.plan;
  if (terms.route !== "" && route?.name !== terms.route && route?.source !== terms.route) return false;
  if (terms.classes.length > 0 && !terms.classes.includes(Math.floor(statusOf(exchange) / 100))) return false;
  if (terms.method !== "" && request?.value(H.PSEUDO_METHOD) !== terms.method) return false;
  if (terms.path !== "" && !withoutSecrets(pathOf(request), redacts).startsWith(terms.path)) return false;
  if (terms.header === "") return true;
  const value = request?.valueByName(terms.header);
  return value !== undefined && shown(terms.header, value, redacts).includes(terms.headerValue);
}

function timed(exchange: Exchange): TimedRequest {
  const { requestEndMs, router, startMs } = exchange;
  return {
    cluster: router.cluster?.plan.name ?? "",
    endpoint: router.call.endpoint?.text ?? "",
    route: router.route?.plan.source ?? "",
    status: statusOf(exchange),
    ms: rounded(exchange.nowMs() - (requestEndMs < 0 ? startMs : requestEndMs)),
  };
}

function tapped(exchange: Exchange, redacts: ReadonlySet<string>): TappedRequest {
  const { details, flags, manager, owner, request, requestEndMs, response, router, startMs } = exchange;
  const { clock } = manager.worker.services;
  const totalMs = exchange.nowMs() - startMs;
  const requestMs = requestEndMs < 0 ? -1 : rounded(requestEndMs - startMs);
  const isAnswered = requestMs >= 0 && router.upstreamServiceMs >= 0;
  return {
    startWallMs: Math.round(clock.wallMs() - totalMs),
    method: request?.value(H.PSEUDO_METHOD) ?? "",
    authority: cut(request?.value(H.PSEUDO_AUTHORITY) ?? ""),
    path: cut(withoutSecrets(pathOf(request), redacts)),
    protocol: owner?.protocol === "http2" ? "HTTP/2" : "HTTP/1.1",
    client: exchange.operator("DOWNSTREAM_REMOTE_ADDRESS", []) ?? "",
    status: statusOf(exchange),
    flags,
    details,
    listener: manager.plan.statPrefix,
    route: router.route?.plan.name || (router.route?.plan.source ?? ""),
    cluster: router.cluster?.plan.name ?? "",
    endpoint: router.call.endpoint?.text ?? "",
    attempts: router.attempts,
    bytesReceived: exchange.bytesReceived,
    bytesSent: response.bytesSent,
    traceId: exchange.span?.traceId ?? "",
    requestMs,
    answerMs: isAnswered ? rounded(requestEndMs - startMs + router.upstreamServiceMs) : -1,
    totalMs: rounded(totalMs),
    requestHeaders: headersOf(request, redacts),
    responseHeaders: headersOf(response.head, redacts),
  };
}

/** Before a route rewrote it. */
function pathOf(request: HeaderList | null): string {
  return request?.value(H.X_ENVOY_ORIGINAL_PATH) ?? request?.value(H.PSEUDO_PATH) ?? "";
}

function headersOf(head: HeaderList | null, redacts: ReadonlySet<string>): [name: string, value: string][] {
  if (head === null) return [];
  return head
    .entries()
    .slice(0, HEADERS_MAX)
    .map(([name, value]) => [cut(name), cut(shown(name, value, redacts))]);
}

/** A field's value without what is secret of it. */
function shown(name: string, value: string, redacts: ReadonlySet<string>): string {
  return redacts.has(name) ? HIDDEN : withoutSecrets(value, redacts);
}

/** Values of secret parameters are left out, of a query and of a fragment: any field may hold an address. */
function withoutSecrets(text: string, redacts: ReadonlySet<string>): string {
  return text.replaceAll(PARAMETER, (whole, mark: string, name: string) =>
    redacts.has(parameterName(name)) ? `${mark}${name}=${HIDDEN}` : whole,
  );
}

function parameterName(text: string): string {
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch {
    return text.toLowerCase();
  }
}

function cut(text: string): string {
  return text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX)}…`;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const NOTHING: WatchTerms = { leaseMs: 0, times: false, taps: [], redacts: [] };
const TELL_MS = 250;
const TICKS_A_LOAD = 4;
/** Of one worker in a quarter of a second. */
const TIMES_MAX = 100;
/** For one tap from one worker in a quarter of a second: 200 a second. */
const REQUESTS_MAX = 50;
const HEADERS_MAX = 64;
const VALUE_MAX = 512;
const HIDDEN = "[redacted]";
const PARAMETER = /([?&#])([^?&#=]+)=[^&#]*/g;
