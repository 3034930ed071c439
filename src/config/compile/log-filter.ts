// envoy.config.accesslog.v3.AccessLogFilter to LogFilterPlan. Called for every access log.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, decimal, flag, oneOf, text, texts } from "../load/fields.ts";
import type { ComparisonPlan, LogFilterPlan, ValueMatcherPlan } from "../plan/log-filter.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderMatcher, compilePercent, compileStringMatcher } from "./match.ts";

/** The filter of an access log; null: none, every request is logged. What Starling has no filter for is refused by name. */
export function compileLogFilter(context: CompileContext, log: CheckedMessage): LogFilterPlan | null {
  const filter = child(log, "filter");
  return filter === undefined ? null : compileFilter(context, filter);
}

function compileFilter(context: CompileContext, filter: CheckedMessage): LogFilterPlan | null {
  const kind = oneOf(filter, KINDS);
  // Without one there is an error already.
  return kind === undefined ? null : compileKind(context, filter, kind, child(filter, kind) as CheckedMessage);
}

function compileKind(
  context: CompileContext,
  filter: CheckedMessage,
  kind: (typeof KINDS)[number],
  of: CheckedMessage,
): LogFilterPlan | null {
  switch (kind) {
    case "status_code_filter":
      return { kind: "status", comparison: comparisonOf(of) };
    case "duration_filter":
      return { kind: "duration", comparison: comparisonOf(of) };
    case "not_health_check_filter":
      return { kind: "not_health_check" };
    case "runtime_filter": {
      const fraction = { ...compilePercent(child(of, "percent_sampled")), runtimeKey: text(of, "runtime_key") ?? "" };
      return { kind: "share", fraction, isIndependent: flag(of, "use_independent_randomness") ?? false };
    }
    case "and_filter":
      return { kind: "and", filters: filtersOf(context, of) };
    case "or_filter":
      return { kind: "or", filters: filtersOf(context, of) };
    case "header_filter":
      return { kind: "header", header: compileHeaderMatcher(context, child(of, "header") as CheckedMessage) };
    case "response_flag_filter":
      return { kind: "flags", flags: texts(of, "flags") };
    case "grpc_status_filter": {
      const statuses = texts(of, "statuses").map((name) => GRPC_STATUSES.indexOf(name));
      return { kind: "grpc_status", statuses, isExcluded: flag(of, "exclude") ?? false };
    }
    case "log_type_filter":
      return { kind: "type", types: texts(of, "types"), isExcluded: flag(of, "exclude") ?? false };
    case "traceable_filter":
      return { kind: "traced" };
    case "metadata_filter":
      return metadataFilter(context, of);
    case "extension_filter":
      context.refuse(
        filter,
        kind,
        "access log filters of extensions",
        "use and_filter and or_filter over status, duration, header and flags",
      );
      return null;
  }
}

/** Envoy's filter does not look at `invert` of the matcher. */
function metadataFilter(context: CompileContext, of: CheckedMessage): LogFilterPlan {
  const matcher = child(of, "matcher");
  const value = matcher === undefined ? undefined : child(matcher, "value");
  const missing = flag(of, "match_if_key_not_found") ?? true;
  if (matcher === undefined) return { kind: "metadata", path: [], value: null, missing };
  acknowledge(matcher, "invert");
  const keys = children(matcher, "path").map((segment) => text(segment, "key") ?? "");
  return {
    kind: "metadata",
    path: [text(matcher, "filter") ?? "", ...keys],
    value: value === undefined ? null : compileValueMatcher(context, value),
    missing,
  };
}

function compileValueMatcher(context: CompileContext, matcher: CheckedMessage): ValueMatcherPlan {
  const kind = oneOf(matcher, VALUE_KINDS);
  switch (kind) {
    case "null_match":
      return { kind: "null" };
    case "double_match": {
      const number = child(matcher, kind) as CheckedMessage;
      const range = child(number, "range");
      if (range === undefined) return { kind: "number", value: decimal(number, "exact") ?? 0 };
      return { kind: "range", start: decimal(range, "start") ?? 0, end: decimal(range, "end") ?? 0 };
    }
    case "string_match":
      return { kind: "string", string: compileStringMatcher(context, child(matcher, kind) as CheckedMessage) };
    case "bool_match":
      return { kind: "truth", value: flag(matcher, kind) ?? false };
    case "present_match":
      return { kind: "present", present: flag(matcher, kind) ?? false };
    case "list_match": {
      const element = child(child(matcher, kind) as CheckedMessage, "one_of");
      return { kind: "list", element: element === undefined ? NOTHING : compileValueMatcher(context, element) };
    }
    case "or_match": {
      const matchers = children(child(matcher, kind) as CheckedMessage, "value_matchers");
      return { kind: "any", matchers: matchers.map((one) => compileValueMatcher(context, one)) };
    }
    // Without one there is an error already.
    case undefined:
      return NOTHING;
  }
}

function filtersOf(context: CompileContext, message: CheckedMessage): readonly LogFilterPlan[] {
  return children(message, "filters").flatMap((filter) => compileFilter(context, filter) ?? []);
}

function comparisonOf(filter: CheckedMessage): ComparisonPlan {
  const comparison = child(filter, "comparison") as CheckedMessage;
  const value = child(comparison, "value");
  return {
    operator: (text(comparison, "op") ?? "EQ") as ComparisonPlan["operator"],
    value: value === undefined ? 0 : (count(value, "default_value") ?? 0),
    runtimeKey: value === undefined ? "" : (text(value, "runtime_key") ?? ""),
  };
}

const NOTHING: ValueMatcherPlan = { kind: "any", matchers: [] };
const VALUE_KINDS = [
  "null_match",
  "double_match",
  "string_match",
  "bool_match",
  "present_match",
  "list_match",
  "or_match",
] as const;

const KINDS = [
  "status_code_filter",
  "duration_filter",
  "not_health_check_filter",
  "traceable_filter",
  "runtime_filter",
  "and_filter",
  "or_filter",
  "header_filter",
  "response_flag_filter",
  "grpc_status_filter",
  "extension_filter",
  "metadata_filter",
  "log_type_filter",
] as const;

/** As GrpcStatusFilter.Status names them, by number. */
const GRPC_STATUSES: readonly string[] = [
  "OK",
  "CANCELED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
