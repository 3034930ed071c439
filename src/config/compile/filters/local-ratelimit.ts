// envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit to LocalRateLimitPlan. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { child, children, count, flag, has, millis, text } from "../../load/fields.ts";
import {
  type LocalRateLimitPlan,
  type RateDescriptorPlan,
  rateBucketWords,
  type TokenBucketPlan,
} from "../../plan/filters/local-ratelimit.ts";
import type { FractionPlan } from "../../plan/match.ts";
import type { CompileContext } from "../context.ts";
import { compileHeaderAdds } from "../header-changes.ts";
import { compileFraction } from "../match.ts";
import { compileRatePolicies } from "../rate-limit.ts";
import { statName } from "../stat-name.ts";

/** Compiles the filter's settings. */
export function compileLocalRateLimit(context: CompileContext, config: CheckedMessage): LocalRateLimitPlan {
  const descriptors = children(config, "descriptors").map((one) => compileDescriptor(context, one));
  checkDescriptors(context, config, descriptors);
  const isOwn = flag(config, "local_rate_limit_per_downstream_connection") ?? false;
  refuseShares(context, config, isOwn);
  const hostPolicies = text(config, "vh_rate_limits") ?? "OVERRIDE";
  const limit: Omit<LocalRateLimitPlan, "bucketKey"> = {
    kind: "local_ratelimit",
    statPrefix: statName(text(config, "stat_prefix") ?? ""),
    status: statusOf(child(config, "status")),
    grpcStatus: flag(config, "rate_limited_as_resource_exhausted") === true ? RESOURCE_EXHAUSTED : -1,
    bucket: compileTokenBucket(context, config, "local rate limit token bucket fill timer must be >= 50ms"),
    descriptors,
    dynamicMax: count(config, "max_dynamic_descriptors") ?? 20,
    enabled: fractionOf(config, "filter_enabled"),
    enforced: fractionOf(config, "filter_enforced"),
    responseAdd: compileHeaderAdds(context, config, "response_headers_to_add"),
    requestAdd: compileHeaderAdds(context, config, "request_headers_to_add_when_not_enforced"),
    stage: count(config, "stage") ?? 0,
    policies: compileOwnPolicies(context, config),
    hostPolicies: HOST_POLICIES[hostPolicies] ?? "override",
    alwaysConsumesDefault: flag(config, "always_consume_default_token_bucket") ?? true,
    showsHeaders: text(config, "enable_x_ratelimit_headers") === "DRAFT_VERSION_03",
    retryAfter: flag(config, "enable_retry_after_header") ?? false,
  };
  return { ...limit, bucketKey: isOwn ? "" : addBuckets(context, limit) };
}

/** Compiles what a route gives the filter. */
export function compileLocalRateLimitOverride(context: CompileContext, config: CheckedMessage): LocalRateLimitPlan {
  if (!has(config, "token_bucket")) {
    context.error(config, "", "local rate limit token bucket must be set for per filter configs");
  }
  return compileLocalRateLimit(context, config);
}

/** Limits that say the same keep their tokens over a reload; of several equal ones each has its own. */
function addBuckets(context: CompileContext, limit: Omit<LocalRateLimitPlan, "bucketKey">): string {
  const { statPrefix, bucket, descriptors, dynamicMax } = limit;
  const name = JSON.stringify([statPrefix, bucket, descriptors, dynamicMax]);
  const nth = context.rateBuckets.filter(({ key }) => key.startsWith(name)).length;
  const key = `${name}#${nth}`;
  context.rateBuckets.push({ key, words: rateBucketWords(limit) });
  return key;
}

function compileOwnPolicies(context: CompileContext, config: CheckedMessage): LocalRateLimitPlan["policies"] {
  for (const limit of children(config, "rate_limits")) {
    if (!has(limit, "stage") && (text(limit, "disable_key") ?? "") === "") continue;
    context.error(limit, "", "'stage' field and 'disable_key' field are not supported");
  }
  return compileRatePolicies(context, config, "filter");
}

function compileDescriptor(context: CompileContext, descriptor: CheckedMessage): RateDescriptorPlan {
  const entries = children(descriptor, "entries").map((entry) => ({
    key: text(entry, "key") ?? "",
    value: text(entry, "value") ?? "",
  }));
  const bucket = compileTokenBucket(
    context,
    descriptor,
    "local rate limit descriptor token bucket fill timer must be >= 50ms",
  );
  const watches = flag(descriptor, "shadow_mode") ?? false;
  return { entries, bucket: bucket ?? { tokensMax: 0, tokensPerFill: 1, fillMs: 0 }, watches };
}

function checkDescriptors(
  context: CompileContext,
  config: CheckedMessage,
  descriptors: readonly RateDescriptorPlan[],
): void {
  const seen = new Set<string>();
  for (const { entries } of descriptors) {
    const name = entries.map(({ key, value }) => `${key}=${value}`).join(",");
    if (seen.has(name)) {
      context.error(config, "descriptors", `duplicate descriptor in the local rate descriptor: ${name}`);
    }
    seen.add(name);
  }
}

/** A message's token_bucket; null: it has none. `tooFast`: what is said of a fill_interval below 50 ms. */
export function compileTokenBucket(
  context: CompileContext,
  holder: CheckedMessage,
  tooFast: string,
): TokenBucketPlan | null {
  const bucket = child(holder, "token_bucket");
  if (bucket === undefined) return null;
  const tokensMax = count(bucket, "max_tokens") ?? 0;
  const fillMs = millis(bucket, "fill_interval") ?? 0;
  if (tokensMax > 0 && fillMs < FILL_MS_MIN) context.error(bucket, "fill_interval", tooFast);
  return { tokensMax, tokensPerFill: count(bucket, "tokens_per_fill") ?? 1, fillMs };
}

function refuseShares(context: CompileContext, config: CheckedMessage, isOwn: boolean): void {
  if (!has(config, "local_cluster_rate_limit")) return;
  if (isOwn) {
    const says = "local_cluster_rate_limit is set and local_rate_limit_per_downstream_connection is set to true";
    context.error(config, "local_cluster_rate_limit", says);
  }
  const feature = "a bucket shared by the members of the local cluster (local_cluster_rate_limit)";
  context.refuse(config, "local_cluster_rate_limit", feature, "divide max_tokens and tokens_per_fill by the nodes");
}

/** As Envoy: what is no error is 429. */
function statusOf(status: CheckedMessage | undefined): number {
  return ERRORS.get(status === undefined ? "" : (text(status, "code") ?? "")) ?? 429;
}

function fractionOf(config: CheckedMessage, field: string): FractionPlan | null {
  const fraction = child(config, field);
  return fraction === undefined ? null : compileFraction(fraction);
}

const HOST_POLICIES: Readonly<Record<string, LocalRateLimitPlan["hostPolicies"]>> = {
  INCLUDE: "include",
  IGNORE: "ignore",
};

/** Names of envoy.type.v3.StatusCode from 400 on. */
const ERRORS: ReadonlyMap<string, number> = new Map(
  `400 BadRequest 401 Unauthorized 402 PaymentRequired 403 Forbidden 404 NotFound 405 MethodNotAllowed
   406 NotAcceptable 407 ProxyAuthenticationRequired 408 RequestTimeout 409 Conflict 410 Gone 411 LengthRequired
   412 PreconditionFailed 413 PayloadTooLarge 414 URITooLong 415 UnsupportedMediaType 416 RangeNotSatisfiable
   417 ExpectationFailed 421 MisdirectedRequest 422 UnprocessableEntity 423 Locked 424 FailedDependency
   426 UpgradeRequired 428 PreconditionRequired 429 TooManyRequests 431 RequestHeaderFieldsTooLarge
   500 InternalServerError 501 NotImplemented 502 BadGateway 503 ServiceUnavailable 504 GatewayTimeout
   505 HTTPVersionNotSupported 506 VariantAlsoNegotiates 507 InsufficientStorage 508 LoopDetected 510 NotExtended
   511 NetworkAuthenticationRequired`
    .split(/\n? +/)
    .reduce<[string, number][]>((pairs, word) => {
      const code = Number(word);
      if (Number.isInteger(code)) pairs.push(["", code]);
      else pairs[pairs.length - 1] = [word, pairs.at(-1)?.[1] ?? 0];
      return pairs;
    }, []),
);
const RESOURCE_EXHAUSTED = 8;
const FILL_MS_MIN = 50;
