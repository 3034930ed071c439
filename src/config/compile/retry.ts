// envoy.config.route.v3.RetryPolicy to RetryPlan. Called for virtual hosts and routes.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, millis, numbers, text } from "../load/fields.ts";
import type { ResetHeaderPlan, RetryPlan } from "../plan/retry.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderMatcher } from "./match.ts";
import { timeoutMs } from "./timeout-ms.ts";

/** Compiles a retry policy. */
export function compileRetry(context: CompileContext, policy: CheckedMessage): RetryPlan {
  const retriable = (field: string): RetryPlan["retriableHeaders"] =>
    children(policy, field).map((one) => compileHeaderMatcher(context, one));
  refusePriorities(context, policy);
  return {
    retryOn: retryOn(context, policy),
    retriesMax: count(policy, "num_retries") ?? 1,
    perTryTimeoutMs: timeoutMs(policy, "per_try_timeout", Number.POSITIVE_INFINITY),
    perTryIdleTimeoutMs: timeoutMs(policy, "per_try_idle_timeout", Number.POSITIVE_INFINITY),
    retriableStatusCodes: numbers(policy, "retriable_status_codes"),
    retriableHeaders: retriable("retriable_headers"),
    retriableRequestHeaders: retriable("retriable_request_headers"),
    ...backOff(context, policy),
    ...rateLimited(policy),
    ...hostPredicates(context, policy),
    repicksMax: count(policy, "host_selection_retry_max_attempts") ?? 1,
  };
}

function backOff(context: CompileContext, policy: CheckedMessage): Pick<RetryPlan, "backOffBaseMs" | "backOffMaxMs"> {
  const given = child(policy, "retry_back_off");
  if (given === undefined) return { backOffBaseMs: 0, backOffMaxMs: 0 };
  const base = millis(given, "base_interval") ?? 0;
  const max = millis(given, "max_interval");
  if (max !== undefined && max < base) {
    const says = "retry_policy.max_interval must greater than or equal to the base_interval";
    context.error(given, "max_interval", says);
  }
  return { backOffBaseMs: Math.max(1, base), backOffMaxMs: max === undefined ? 0 : Math.max(1, max) };
}

function rateLimited(policy: CheckedMessage): Pick<RetryPlan, "resetHeaders" | "resetMaxMs"> {
  const given = child(policy, "rate_limited_retry_back_off");
  const resetHeaders = given === undefined ? [] : children(given, "reset_headers").map(resetHeader);
  return { resetHeaders, resetMaxMs: (given === undefined ? undefined : millis(given, "max_interval")) ?? 300_000 };
}

function resetHeader(header: CheckedMessage): ResetHeaderPlan {
  const format = text(header, "format") === "UNIX_TIMESTAMP" ? "unix_timestamp" : "seconds";
  return { name: wireText((text(header, "name") ?? "").toLowerCase()), format };
}

function hostPredicates(
  context: CompileContext,
  policy: CheckedMessage,
): Pick<RetryPlan, "avoidsTriedHosts" | "avoidsCanaries"> {
  const found = new Set<string>();
  for (const predicate of children(policy, "retry_host_predicate")) {
    const name = text(predicate, "name") ?? "";
    const type = child(predicate, "typed_config")?.type ?? name;
    const kind = HOST_PREDICATES.find(([, ...names]) => names.includes(type))?.[0];
    if (kind === undefined) {
      context.error(predicate, "", `Didn't find a registered implementation for '${name}' with type URL: '${type}'`);
    } else if (kind === "metadata") {
      const instead = "use previous_hosts or omit_canary_hosts";
      context.refuse(predicate, "typed_config", "hosts that retries avoid by their metadata", instead);
    } else found.add(kind);
  }
  return { avoidsTriedHosts: found.has("tried"), avoidsCanaries: found.has("canaries") };
}

/** hedge_policy of a virtual host or a route: attempts side by side are not made. */
export function refuseHedging(context: CompileContext, level: CheckedMessage): void {
  const hedge = child(level, "hedge_policy");
  if (hedge === undefined || flag(hedge, "hedge_on_per_try_timeout") !== true) return;
  const instead = "leave it out: with retry_policy.per_try_timeout the late attempt is given up and made again";
  context.refuse(level, "hedge_policy", "attempts side by side (hedge_on_per_try_timeout)", instead);
}

function refusePriorities(context: CompileContext, policy: CheckedMessage): void {
  if (child(policy, "retry_priority") === undefined) return;
  const instead = "use retry_host_predicate with envoy.retry_host_predicates.previous_hosts";
  context.refuse(policy, "retry_priority", "priorities that retries avoid", instead);
}

function retryOn(context: CompileContext, policy: CheckedMessage): string[] {
  const given = text(policy, "retry_on") ?? "";
  const names = given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.filter((name) => {
    if (CONDITIONS.has(name)) return true;
    context.warn(policy, "retry_on", `'${name}' in retry_on is no condition: it is ignored, as Envoy does`);
    return false;
  });
}

const CONDITIONS: ReadonlySet<string> = new Set([
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "envoy-ratelimited",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "http3-post-connect-failure", // no upstream speaks HTTP/3, so nothing fails so
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

/** What a predicate does, its registered name and the type of its configuration. */
const HOST_PREDICATES: readonly (readonly [string, string, string])[] = [
  [
    "tried",
    "envoy.retry_host_predicates.previous_hosts",
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
  ],
  [
    "canaries",
    "envoy.retry_host_predicates.omit_canary_hosts",
    "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate",
  ],
  [
    "metadata",
    "envoy.retry_host_predicates.omit_host_metadata",
    "envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig",
  ],
];
