// envoy.filters.http.local_ratelimit: lets as many requests pass as its token buckets allow, which all workers of the node share, and answers
// the others. Counts under `<stat_prefix>.http_local_rate_limit.`.
import { type LocalRateLimitPlan, rateBucketWords } from "../../../config/plan/filters/local-ratelimit.ts";
import type { FilterOverrideSettings } from "../../../config/plan/http-filter.ts";
import type { RatePolicyPlan } from "../../../config/plan/rate-limit.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { JOINED_REQUEST_NAMES, JOINED_RESPONSE_NAMES } from "../../../protocol/joined-names.ts";
import { RATE_LIMIT } from "../../../telemetry/rate-limit-stats.ts";
import { count } from "../../../telemetry/stats-add.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import { addHeaders } from "../../routing/header-changes.ts";
import type { Route } from "../../routing/route-table.ts";
import { inFraction } from "../../routing/runtime-view.ts";
import type { WorkerServices } from "../../worker-services.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { type DescribeRequest, describer } from "./descriptors.ts";
import { type Descriptor, Limiter, type Verdict } from "./limiter.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Opens the filter. */
export function openLocalRateLimit(plan: LocalRateLimitPlan, { services, place, overrides }: FilterSite): FilterMaker {
  const base = new Limit(plan, services);
  const limits = new Map<FilterOverrideSettings, Limit>();
  for (const one of overrides) if (one.kind === "local_ratelimit") limits.set(one, new Limit(one, services));
  return (call) =>
    new LocalRateLimit(call, () => {
      const override = call.override(place);
      return override === null ? base : (limits.get(override) ?? base);
    });
}

class LocalRateLimit implements HttpFilter {
  private readonly call: FilterCall;
  private readonly limitNow: () => Limit;
  /** What the answer tells of; null: nothing. */
  private told: { readonly limit: Limit; readonly bucket: TokenBucket; readonly isShown: boolean } | null = null;

  /** `limitNow`: of the route as it is. */
  constructor(call: FilterCall, limitNow: () => Limit) {
    this.call = call;
    this.limitNow = limitNow;
  }

  decodeHead(head: HeaderList): Step {
    const { call } = this;
    const limit = this.limitNow();
    const { plan, stats } = limit;
    if (!limit.falls(plan.enabled)) return Step.Next;
    count(stats, RATE_LIMIT.at.enabled);
    const { allowed, watched, bucket, showsHeaders } = limit.ask(head, call);
    if (bucket !== null) this.told = { limit, bucket, isShown: showsHeaders ?? plan.showsHeaders };
    if (allowed) {
      count(stats, RATE_LIMIT.at.ok);
      return Step.Next;
    }
    count(stats, RATE_LIMIT.at.rate_limited);
    if (watched) {
      count(stats, RATE_LIMIT.at.shadow_mode);
      return Step.Next;
    }
    if (!limit.falls(plan.enforced)) {
      addHeaders(plan.requestAdd, head, call, JOINED_REQUEST_NAMES);
      return Step.Next;
    }
    count(stats, RATE_LIMIT.at.enforced);
    return call.reply(limit.reply, (answer) => {
      addHeaders(plan.responseAdd, answer, call, JOINED_RESPONSE_NAMES);
      if (plan.retryAfter && bucket !== null && plan.status === 429) addRetryAfter(answer, limit.secondsTo(bucket));
    });
  }

  encodeHead(head: HeaderList): Step {
    if (this.told?.isShown !== true) return Step.Next;
    const { limit, bucket } = this.told;
    head.add("x-ratelimit-limit", String(bucket.plan.tokensMax));
    head.add("x-ratelimit-remaining", String(bucket.remaining(limit.nowMs())));
    head.add("x-ratelimit-reset", String(limit.secondsTo(bucket)));
    return Step.Next;
  }
}

/** One limit of the chain or of a route, ready for requests. */
class Limit {
  readonly plan: LocalRateLimitPlan;
  /** RATE_LIMIT block. */
  readonly stats: Float64Array;
  readonly reply: LocalReply;
  private readonly services: WorkerServices;
  /** Null: each connection has its own. */
  private readonly limiter: Limiter | null;
  private readonly own: readonly DescribeRequest[];

  constructor(plan: LocalRateLimitPlan, services: WorkerServices) {
    this.plan = plan;
    this.services = services;
    this.stats = services.stats.block(RATE_LIMIT, `${plan.statPrefix}.http_local_rate_limit.`);
    this.own = plan.policies.map(describer);
    const { status, grpcStatus } = plan;
    this.reply = { status, body: REASON, bytes: null, flag: "RL", details: REASON, grpcStatus };
    const memory = plan.bucketKey === "" ? null : services.rateBuckets.get(plan.bucketKey);
    if (memory === undefined) throw new Error(`no memory for the rate limit ${plan.bucketKey}`);
    this.limiter = memory === null ? null : this.limiterOn(memory);
  }

  nowMs(): number {
    const { clock, sharedOffsetMs } = this.services;
    return clock.nowMs() + sharedOffsetMs;
  }

  /** Until a bucket has its next token, in whole seconds. */
  secondsTo(bucket: TokenBucket): number {
    return Math.ceil(bucket.untilTokenMs(this.nowMs()) / 1_000);
  }

  /** Whether a request falls into a share; each share has its own chance. */
  falls(share: LocalRateLimitPlan["enabled"]): boolean {
    const { runtime, random } = this.services;
    return share !== null && inFraction(share, runtime, random.next32());
  }

  ask(head: HeaderList, call: FilterCall): Verdict {
    const descriptors = this.plan.descriptors.length === 0 ? NONE : this.describe(head, call);
    return (this.limiter ?? this.ofConnection(call.connection())).ask(this.nowMs(), descriptors);
  }

  private describe(head: HeaderList, call: FilterCall): readonly Descriptor[] {
    const describers = this.own.length > 0 ? this.own : this.ofRoute(call.route());
    return describers.flatMap((describe) => describe(head, call) ?? []);
  }

  private ofRoute(route: Route | null): readonly DescribeRequest[] {
    const action = route?.plan.action;
    if (route === null || action?.kind !== "forward") return [];
    const { stage, hostPolicies } = this.plan;
    const own = describersOf(action.rateLimits, stage);
    const wanted = action.includesHostRateLimits ? "include" : hostPolicies;
    const takesHost = wanted === "include" || (wanted === "override" && action.rateLimits.length === 0);
    return takesHost ? [...own, ...describersOf(route.vhost.plan.rateLimits, stage)] : own;
  }

  /** As in Envoy, a connection has one set of buckets, whichever limit was its first. */
  private ofConnection(connection: object): Limiter {
    let limiter = ofConnections.get(connection);
    if (limiter === undefined) {
      limiter = this.limiterOn(new ArrayBuffer(rateBucketWords(this.plan) * WORD_BYTES));
      ofConnections.set(connection, limiter);
    }
    return limiter;
  }

  private limiterOn(memory: ArrayBufferLike): Limiter {
    const { random } = this.services;
    return new Limiter(this.plan, memory, () => (BigInt(random.next32()) << 31n) | BigInt(random.next32()) | 1n);
  }
}

function addRetryAfter(answer: HeaderList, seconds: number): void {
  if (answer.findName("retry-after") < 0) answer.add("retry-after", String(Math.max(1, seconds)));
}

const ofConnections = new WeakMap<object, Limiter>();
const ofPolicies = new WeakMap<readonly RatePolicyPlan[], Map<number, readonly DescribeRequest[]>>();

/** The policies of a route or a virtual host that are of a stage, made ready once. */
function describersOf(policies: readonly RatePolicyPlan[], stage: number): readonly DescribeRequest[] {
  const byStage = ofPolicies.get(policies) ?? new Map<number, readonly DescribeRequest[]>();
  ofPolicies.set(policies, byStage);
  let describers = byStage.get(stage);
  if (describers === undefined) {
    describers = policies.filter((policy) => policy.stage === stage).map(describer);
    byStage.set(stage, describers);
  }
  return describers;
}

const NONE: readonly Descriptor[] = [];
const REASON = "local_rate_limited";
const WORD_BYTES = 8;
