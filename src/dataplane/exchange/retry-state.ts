// The retries of one request as Envoy's RetryStateImpl has them: whether another attempt follows, when it begins, which places of the
// cluster's budget it takes, and what is counted. Kept by a router that needed it once, for its later requests too.
import { Timer } from "../../base/timer-wheel.ts";
import { runtimeInteger } from "../../config/plan/runtime.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import type { RequestStat } from "../../telemetry/request-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";
import type { AttemptFault } from "./local-reply.ts";
import type { RequestGroups } from "./request-groups.ts";
import { RetryOn, type RetryRules } from "./retry-rules.ts";

/** What follows a failed attempt: `Overflow` and `Exhausted` are failures that would have been retried. */
export const Verdict = { Final: 0, Again: 1, Overflow: 2, Exhausted: 3 } as const;

/** One of them. */
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** What it needs of the worker. */
export type RetryServices = Pick<WorkerServices, "clock" | "wheel" | "random" | "runtime">;

/** The retries of one request at a time. */
export class RetryState {
  private readonly services: RetryServices;
  private readonly timer: Timer;
  private rules: RetryRules | null = null;
  private cluster: Cluster | null = null;
  private groups: RequestGroups | null = null;
  private priority: "default" | "high" = "default";
  private remaining = 0;
  /** The next back-off is a random share of this. */
  private intervalMs = 0;
  private intervalMaxMs = 0;
  /** Where the back-off that runs is counted; -1: nowhere. */
  private backOffAt = -1;
  /** Whose place among the running retries is taken; null: none. */
  private placeOf: Cluster | null = null;

  /** `again` begins the next attempt. */
  constructor(services: RetryServices, again: () => void) {
    this.services = services;
    this.timer = new Timer(() => {
      this.countAttempt();
      again();
    });
  }

  /** A request that may be retried begins. */
  begin(rules: RetryRules, cluster: Cluster, priority: "default" | "high", groups: RequestGroups | null): void {
    const base = rules.plan?.backOffBaseMs ?? 0;
    this.rules = rules;
    this.cluster = cluster;
    this.groups = groups;
    this.priority = priority;
    this.remaining = rules.retriesMax;
    this.intervalMs =
      base > 0 ? base : Math.max(1, runtimeInteger(this.services.runtime, "upstream.base_retry_backoff_ms", BASE_MS));
    this.intervalMaxMs = rules.plan?.backOffMaxMs || this.intervalMs * 10;
  }

  /** An attempt was answered. Again: `again` is called after a while. */
  afterHead(head: HeaderList, request: HeaderList): Verdict {
    const rules = this.rules as RetryRules;
    if (isTooEarly(rules, head, request)) return this.judge(true, AT_ONCE);
    const isWanted = wantsAnother(rules, head);
    return this.judge(isWanted, isWanted ? this.resetMs(rules, head) : 0);
  }

  /** An attempt failed without an answer. `wasSent`: its head had been written. */
  afterFault(fault: AttemptFault["class"], wasSent: boolean): Verdict {
    return this.judge(wouldRetry((this.rules as RetryRules).on, fault, wasSent), 0);
  }

  /** There is nothing more to retry: it was answered, given up, or cannot be sent again. */
  end(): void {
    this.services.wheel.disarm(this.timer);
    this.freePlace();
    this.rules = null;
    this.cluster = null;
    this.groups = null;
  }

  /** `delayMs`: how long the endpoint wants to be left alone, 0: the back-off decides; or AT_ONCE. */
  private judge(isWanted: boolean, delayMs: number): Verdict {
    const { services } = this;
    const cluster = this.cluster as Cluster;
    if (!isWanted && this.placeOf !== null) this.count("upstream_rq_retry_success");
    this.freePlace();
    if (!isWanted) return Verdict.Final;
    if (this.remaining === 0) {
      this.count("upstream_rq_retry_limit_exceeded");
      return Verdict.Exhausted;
    }
    this.remaining--;
    if (!cluster.beginRetry(this.priority)) {
      this.count("upstream_rq_retry_overflow");
      return Verdict.Overflow;
    }
    this.placeOf = cluster;
    const share = runtimeInteger(services.runtime, "upstream.use_retry", 100);
    if (share < 100 && services.random.below(100) >= share) {
      this.freePlace();
      return Verdict.Final;
    }
    this.backOffAt = delayMs === AT_ONCE ? -1 : delayMs > 1 ? BACKOFF_RATELIMITED : BACKOFF_EXPONENTIAL;
    services.wheel.arm(this.timer, delayMs === AT_ONCE ? 0 : this.backOffMs(delayMs));
    return Verdict.Again;
  }

  /** An attempt counts when it begins, and so does the back-off before it. */
  private countAttempt(): void {
    this.count("upstream_rq_retry");
    if (this.backOffAt >= 0) count((this.cluster as Cluster).stats, this.backOffAt);
  }

  private count(what: RequestStat): void {
    count((this.cluster as Cluster).stats, CLUSTER.at[what]);
    this.groups?.count(what);
  }

  private backOffMs(delayMs: number): number {
    const { random } = this.services;
    if (delayMs > 1) return delayMs + random.below(Math.max(1, delayMs >> 1));
    const interval = this.intervalMs;
    this.intervalMs = Math.min(interval * 2, Math.max(interval, this.intervalMaxMs));
    return random.below(interval);
  }

  /** How long the answer's sender wants to be left alone; 0: it does not say, or more than anybody waits. */
  private resetMs({ plan }: RetryRules, head: HeaderList): number {
    if (plan === null) return 0;
    for (const { name, format } of plan.resetHeaders) {
      const text = head.valueByName(name)?.trim();
      if (text === undefined || !/^\d{1,12}$/.test(text)) continue;
      const nowS = format === "seconds" ? 0 : Math.floor(this.services.clock.wallMs() / 1000);
      const ms = (Number(text) - nowS) * 1000;
      if (ms <= plan.resetMaxMs && (ms > 0 || format === "seconds")) return ms;
    }
    return 0;
  }

  private freePlace(): void {
    this.placeOf?.endRetry(this.priority);
    this.placeOf = null;
  }
}

/** Whether an answer is worth another attempt. */
function wantsAnother({ on, statuses, headers, grpcStatuses }: RetryRules, head: HeaderList): boolean {
  const { status } = head;
  if (head.has(H.X_ENVOY_RATELIMITED)) return (on & RetryOn.RateLimited) !== 0;
  if ((on & RetryOn.Status5xx) !== 0 && status >= 500 && status <= 599) return true;
  if ((on & RetryOn.GatewayError) !== 0 && status >= 502 && status <= 504) return true;
  if ((on & RetryOn.Retriable4xx) !== 0 && status === 409) return true;
  if ((on & RetryOn.StatusCodes) !== 0 && status !== TOO_EARLY && statuses.includes(status)) return true;
  if ((on & RetryOn.Headers) !== 0 && headers.some((test) => test(head))) return true;
  const grpcStatus = grpcStatuses.length === 0 ? undefined : head.value(H.GRPC_STATUS);
  return grpcStatus !== undefined && grpcStatuses.includes(grpcStatus);
}

/** A request that was not sent as early data by its own client is tried again at once. */
function isTooEarly({ on, statuses }: RetryRules, head: HeaderList, request: HeaderList): boolean {
  if (head.status !== TOO_EARLY || (on & RetryOn.StatusCodes) === 0) return false;
  return statuses.includes(TOO_EARLY) && request.findName("early-data") < 0 && !head.has(H.X_ENVOY_RATELIMITED);
}

function wouldRetry(on: number, fault: AttemptFault["class"], wasSent: boolean): boolean {
  if (fault === "overflow") return false;
  if (fault === "connect" && (on & RetryOn.ConnectFailure) !== 0) return true;
  if (fault === "refused" && (on & RetryOn.RefusedStream) !== 0) return true;
  if (!wasSent && (on & RetryOn.ResetBeforeRequest) !== 0) return true;
  return (on & (RetryOn.Reset | RetryOn.Status5xx | RetryOn.GatewayError)) !== 0;
}

const {
  upstream_rq_retry_backoff_exponential: BACKOFF_EXPONENTIAL,
  upstream_rq_retry_backoff_ratelimited: BACKOFF_RATELIMITED,
} = CLUSTER.at;
const BASE_MS = 25;
const TOO_EARLY = 425;
/** Instead of a delay: in the next turn of the wheel. */
const AT_ONCE = -1;
