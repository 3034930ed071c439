// envoy.extensions.filters.http.fault.v3.HTTPFault to FaultPlan, for the chain and for routes. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { child, children, count, flag, json, millis, oneOf, text, texts } from "../../load/fields.ts";
import type { FaultAbortPlan, FaultDelayPlan, FaultPlan, FaultRatePlan } from "../../plan/filters/fault.ts";
import type { FractionPlan } from "../../plan/match.ts";
import type { CompileContext } from "../context.ts";
import { compileHeaderMatcher, compilePercent } from "../match.ts";

/** Compiles HTTPFault. */
export function compileFault(context: CompileContext, config: CheckedMessage): FaultPlan {
  const metadata = json(config, "filter_metadata") ?? {};
  return {
    kind: "fault",
    delay: delayOf(config),
    abort: abortOf(config),
    rateLimit: rateOf(config),
    cluster: text(config, "upstream_cluster") ?? "",
    headers: children(config, "headers").map((one) => compileHeaderMatcher(context, one)),
    nodes: texts(config, "downstream_nodes"),
    activeMax: count(config, "max_active_faults") ?? Number.POSITIVE_INFINITY,
    activeMaxKey: key(config, "max_active_faults_runtime", "max_active_faults"),
    countsClusters: flag(config, "disable_downstream_cluster_stats") !== true,
    metadata: Object.entries(metadata as Readonly<Record<string, unknown>>),
  };
}

function delayOf(config: CheckedMessage): FaultDelayPlan | null {
  const percentKey = key(config, "delay_percent_runtime", "delay.fixed_delay_percent");
  const msKey = key(config, "delay_duration_runtime", "delay.fixed_duration_ms");
  const delay = child(config, "delay");
  if (delay === undefined) return null;
  const byHeader = oneOf(delay, ["fixed_delay", "header_delay"]) === "header_delay";
  return { percent: percentOf(delay, percentKey), byHeader, ms: millis(delay, "fixed_delay") ?? 0, msKey };
}

function abortOf(config: CheckedMessage): FaultAbortPlan | null {
  const percentKey = key(config, "abort_percent_runtime", "abort.abort_percent");
  const statusKey = key(config, "abort_http_status_runtime", "abort.http_status");
  const grpcStatusKey = key(config, "abort_grpc_status_runtime", "abort.grpc_status");
  const abort = child(config, "abort");
  if (abort === undefined) return null;
  return {
    percent: percentOf(abort, percentKey),
    byHeader: oneOf(abort, ["http_status", "grpc_status", "header_abort"]) === "header_abort",
    status: count(abort, "http_status") ?? 0,
    grpcStatus: count(abort, "grpc_status") ?? -1,
    statusKey,
    grpcStatusKey,
    body: text(abort, "response_body") || "fault filter abort",
  };
}

function rateOf(config: CheckedMessage): FaultRatePlan | null {
  const percentKey = key(config, "response_rate_limit_percent_runtime", "rate_limit.response_percent");
  const rate = child(config, "response_rate_limit");
  if (rate === undefined) return null;
  const byHeader = oneOf(rate, ["fixed_limit", "header_limit"]) === "header_limit";
  const fixed = child(rate, "fixed_limit");
  const kbps = fixed === undefined ? 0 : (count(fixed, "limit_kbps") ?? 0);
  return { percent: percentOf(rate, percentKey), byHeader, kbps };
}

function percentOf(fault: CheckedMessage, runtimeKey: string): FractionPlan {
  return { ...compilePercent(child(fault, "percentage")), runtimeKey };
}

/** A runtime key that the file names, or Envoy's. */
function key(config: CheckedMessage, field: string, usual: string): string {
  return text(config, field) || `fault.http.${usual}`;
}
