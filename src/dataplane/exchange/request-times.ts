// How long a request and each of its attempts may take: the route's and the cluster's times, what a trusted client's headers say instead,
// and what the upstream is told of it. Kept by attempts.ts, filled by upstream-head.ts.
import type { ForwardPlan } from "../../config/plan/route.ts";
import { grpcTimeoutMs, grpcTimeoutText } from "../../protocol/grpc-timeout.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { AttemptTimes } from "./attempt-timers.ts";

/** The times that hold for one request. */
export interface RequestTimes extends AttemptTimes {
  /** Infinity: none. */
  timeoutMs: number;
  /** x-envoy-upstream-rq-timeout-alt-response: 204 instead of 504. */
  alternative: boolean;
  /** The upstream is told its time in grpc-timeout too (max_grpc_timeout). */
  tellsGrpc: boolean;
}

/** No end at all. */
export function endlessTimes(): RequestTimes {
  return {
    timeoutMs: Number.POSITIVE_INFINITY,
    alternative: false,
    tellsGrpc: false,
    perTryMs: Number.POSITIVE_INFINITY,
    perTryIdleMs: Number.POSITIVE_INFINITY,
    durationMs: Number.POSITIVE_INFINITY,
  };
}

/** Those of the route; the attempts' are set. `mayHaveOrders`: the client is trusted, its headers win and are taken out. */
export function takeTimes(
  times: RequestTimes,
  forward: ForwardPlan,
  head: HeaderList,
  facts: { readonly isGrpc: boolean; readonly mayHaveOrders: boolean; readonly respectsExpected: boolean },
): void {
  times.timeoutMs = forward.timeoutMs;
  times.alternative = false;
  times.tellsGrpc = false;
  if (facts.isGrpc && forward.grpcTimeout?.kind === "route") takeGrpcTimeout(times, forward.grpcTimeout, head);
  // Untrusted clients' are gone by now, so that asking costs a look only where the request is inside.
  if (facts.mayHaveOrders) takeOrders(times, head, facts.respectsExpected);
  if (times.perTryMs >= times.timeoutMs) times.perTryMs = Number.POSITIVE_INFINITY;
}

/** Says in the head how long the upstream has. `elapsedMs`: since the request was complete. */
export function tellTimes(head: HeaderList, times: RequestTimes, elapsedMs: number, suppress: boolean): void {
  const { perTryMs, timeoutMs } = times;
  if (perTryMs === Number.POSITIVE_INFINITY && timeoutMs === Number.POSITIVE_INFINITY) return;
  // Nothing left is said as 1: 0 would be none.
  const expectedMs = Math.max(1, Math.min(perTryMs, timeoutMs - elapsedMs));
  if (!suppress) head.setText(H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, String(expectedMs));
  if (times.tellsGrpc) head.setText(H.GRPC_TIMEOUT, grpcTimeoutText(expectedMs));
}

/**
 * max_stream_duration of a route for one request, -1 where the manager's holds. A gRPC request's own grpc-timeout comes first where the
 * route has grpc_timeout_header_max; its upstream is told what holds.
 */
export function streamDurationMs(forward: ForwardPlan, head: HeaderList, isGrpc: boolean, managerMs: number): number {
  const rule = forward.grpcTimeout;
  if (rule === null || rule.kind !== "duration" || !isGrpc) return forward.streamDurationMaxMs;
  const asked = rule.maxMs < 0 ? -1 : grpcTimeoutMs(head.value(H.GRPC_TIMEOUT) ?? "");
  const given = forward.streamDurationMaxMs < 0 ? managerMs : forward.streamDurationMaxMs;
  const ms = asked < 0 ? given : Math.max(0, Math.min(asked, rule.maxMs) - rule.offsetMs);
  if (ms !== Number.POSITIVE_INFINITY) head.setText(H.GRPC_TIMEOUT, grpcTimeoutText(ms));
  return ms;
}

/** A gRPC request's own time, no less than 1 ms after the offset, no more than the route's most; without one the most alone. */
function takeGrpcTimeout(
  times: RequestTimes,
  { maxMs, offsetMs }: NonNullable<ForwardPlan["grpcTimeout"]>,
  head: HeaderList,
): void {
  const asked = grpcTimeoutMs(head.value(H.GRPC_TIMEOUT) ?? "");
  const wanted = asked <= 0 ? Number.POSITIVE_INFINITY : offsetMs < asked ? asked - offsetMs : asked;
  times.timeoutMs = Math.min(wanted, maxMs);
  times.tellsGrpc = true;
}

function takeOrders(times: RequestTimes, head: HeaderList, respectsExpected: boolean): void {
  // What the proxy before this one expects is said on, and wins over an order of its client's, which stays where it is.
  const isExpected = respectsExpected && head.has(H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS);
  const id = isExpected ? H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS : H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS;
  times.timeoutMs = takeMs(head, id, times.timeoutMs);
  times.alternative = head.remove(H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE);
  times.perTryMs = takeMs(head, H.X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS, times.perTryMs);
  times.durationMs = takeMs(head, H.X_ENVOY_UPSTREAM_STREAM_DURATION_MS, times.durationMs);
}

/** A value of 0 means none, as in the configuration; what is no number counts for nothing. */
function takeMs(head: HeaderList, id: number, otherwiseMs: number): number {
  const text = head.value(id);
  if (text === undefined) return otherwiseMs;
  head.remove(id);
  if (!/^\d{1,9}$/.test(text)) return otherwiseMs;
  return Number(text) === 0 ? Number.POSITIVE_INFINITY : Number(text);
}
