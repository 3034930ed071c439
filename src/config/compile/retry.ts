// envoy.config.route.v3.RetryPolicy to RetryPlan. Called for virtual hosts and routes.
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, millis, numbers, text } from "../load/fields.ts";
import type { RetryPlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { timeoutMs } from "./timeout-ms.ts";

/** Compiles a retry policy. */
export function compileRetry(context: CompileContext, policy: CheckedMessage): RetryPlan {
  const backOff = child(policy, "retry_back_off");
  const base = backOff === undefined ? undefined : millis(backOff, "base_interval");
  const max = backOff === undefined ? undefined : millis(backOff, "max_interval");
  if (backOff !== undefined && base !== undefined && max !== undefined && max < base) {
    context.error(backOff, "max_interval", "retry_policy.max_interval must greater than or equal to the base_interval");
  }
  const backOffBaseMs = Math.max(1, base ?? 25);
  return {
    retryOn: retryOn(context, policy),
    retriesMax: count(policy, "num_retries") ?? 1,
    perTryTimeoutMs: timeoutMs(policy, "per_try_timeout", Number.POSITIVE_INFINITY),
    retriableStatusCodes: numbers(policy, "retriable_status_codes"),
    backOffBaseMs,
    backOffMaxMs: Math.max(1, max ?? backOffBaseMs * 10),
  };
}

function retryOn(context: CompileContext, policy: CheckedMessage): string[] {
  const given = text(policy, "retry_on") ?? "";
  const names = given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.filter((name) => {
    if (CONDITIONS.has(name)) return true;
    const known = NOT_ACTED_ON.has(name);
    const says = known ? "is accepted and not acted on" : "is no condition: it is ignored, as Envoy does";
    context.warn(policy, "retry_on", `'${name}' in retry_on ${says}`);
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
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

const NOT_ACTED_ON: ReadonlySet<string> = new Set(["retriable-headers", "http3-post-connect-failure"]);
