// The last changes of a request's head before it goes upstream, in Envoy's order: timeouts, attempt count, the levels of header changes,
// host, path. Called by the router once per request; `auto` host rewriting waits for the endpoint.
import type { ForwardPlan, VirtualHostPlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { FormatSource } from "../../telemetry/format.ts";
import type { ChosenCluster } from "../routing/cluster-choice.ts";
import { rewrittenHost, rewrittenPath } from "../routing/rewrite.ts";
import type { Route } from "../routing/route-table.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { type RequestTimes, takeTimes, tellTimes } from "./request-times.ts";
import { changeRequest, type RouteFacts } from "./route-facts.ts";

/** What the head is made for. */
export interface UpstreamHeadContext {
  readonly route: Route;
  readonly facts: RouteFacts;
  readonly forward: ForwardPlan;
  /** The weighted or header-named cluster; null: the route names one. */
  readonly chosen: ChosenCluster | null;
  /** Whether x-envoy-upstream-rq-timeout-* headers may be there: the client is trusted. */
  readonly mayHaveOrders: boolean;
  readonly isGrpc: boolean;
  readonly manager: ConnectionManager;
  readonly source: FormatSource;
}

/**
 * Finishes the head and writes the request's times into `times`. False: the configuration's changes made the head larger than
 * `HEAD_GROWTH_MAX` times what a client may send, as a header copied into many others does.
 */
export function prepareUpstreamHead(head: HeaderList, context: UpstreamHeadContext, times: RequestTimes): boolean {
  const { forward, route, facts, chosen, manager, mayHaveOrders, isGrpc, source } = context;
  const { respectExpectedRequestTimeout: respectsExpected } = manager.router;
  takeTimes(times, forward, head, { mayHaveOrders, isGrpc, respectsExpected });
  tellTimes(head, times, 0, manager.suppressEnvoyHeaders);
  if (route.vhost.plan.includeRequestAttemptCount) head.setText(H.X_ENVOY_ATTEMPT_COUNT, "1");
  changeRequest(facts, chosen?.headers ?? null, head, source);
  const { rewrite } = forward;
  if (chosen !== null && chosen.hostRewrite !== "") setHost(head, chosen.hostRewrite, context);
  else if (rewrite.host.kind !== "none" && rewrite.host.kind !== "auto") rewriteHost(head, "", context);
  if (rewrite.path.kind !== "none") rewritePath(head, context);
  const isChanged = facts.levels.length > 0 || chosen !== null || rewrite.path.kind !== "none";
  return !isChanged || head.sizeBytes() <= HEAD_GROWTH_MAX * manager.plan.headersBytesMax;
}

/** Rewrites the host by the route; `endpointHostname` is for `auto`. */
export function rewriteHost(head: HeaderList, endpointHostname: string, context: UpstreamHeadContext): void {
  const path = head.value(H.PSEUDO_PATH) ?? "";
  const value = rewrittenHost(context.forward.rewrite, head, path, endpointHostname);
  if (value !== null) setHost(head, value, context);
}

/** What is known of an attempt after the first. */
export interface RetryFacts {
  /** This one included. */
  readonly attempts: number;
  /** Since the request was complete. */
  readonly elapsedMs: number;
  /** Whether the attempt before took too long. */
  readonly wasLate: boolean;
  /** suppress_envoy_headers. */
  readonly suppress: boolean;
}

/** Says in the head what differs from the attempt before. */
export function prepareRetryHead(
  head: HeaderList,
  host: VirtualHostPlan,
  times: RequestTimes,
  facts: RetryFacts,
): void {
  if (host.includeRequestAttemptCount) head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(facts.attempts));
  if (host.includeIsTimeoutRetry) head.setText(H.X_ENVOY_IS_TIMEOUT_RETRY, String(facts.wasLate));
  tellTimes(head, times, Math.floor(facts.elapsedMs), facts.suppress);
}

/** Takes out what a trusted client or the configuration told this router about retries: the next one has its own client. */
export function removeRetryOrders(head: HeaderList): void {
  for (const id of RETRY_ORDERS) head.remove(id);
}

function setHost(head: HeaderList, value: string, context: UpstreamHeadContext): void {
  const before = head.value(H.PSEUDO_AUTHORITY) ?? "";
  if (context.forward.appendForwardedHost && before !== value) head.addText(H.X_FORWARDED_HOST, before);
  if (!context.manager.suppressEnvoyHeaders) head.setText(H.X_ENVOY_ORIGINAL_HOST, before);
  head.setText(H.PSEUDO_AUTHORITY, value);
}

function rewritePath(head: HeaderList, context: UpstreamHeadContext): void {
  const at = head.find(H.PSEUDO_PATH);
  if (at < 0) return;
  const before = head.valueText(at);
  head.replaceValueAt(at, rewrittenPath(context.forward.rewrite, context.route.plan.match.path, before));
  if (!context.manager.suppressEnvoyHeaders) head.setText(H.X_ENVOY_ORIGINAL_PATH, before);
}

const HEAD_GROWTH_MAX = 2;

const RETRY_ORDERS: readonly number[] = [
  H.X_ENVOY_RETRY_ON,
  H.X_ENVOY_RETRY_GRPC_ON,
  H.X_ENVOY_MAX_RETRIES,
  H.X_ENVOY_HEDGE_ON_PER_TRY_TIMEOUT,
  H.X_ENVOY_RETRIABLE_HEADER_NAMES,
  H.X_ENVOY_RETRIABLE_STATUS_CODES,
  H.X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS,
];
