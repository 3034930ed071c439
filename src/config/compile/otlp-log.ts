// envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig to OtlpLogPlan. Called by access-log.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, acknowledgeAll, child, children, flag, millis, oneOf, text } from "../load/fields.ts";
import type { LogFieldPlan, LogValuePlan, OtlpLogPlan } from "../plan/otlp.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat } from "./format.ts";
import { readFormatters } from "./formatters.ts";
import { compileOtlpTarget } from "./otlp-target.ts";
import { compileTags, detectResource } from "./tracing.ts";

/** Null: it sends to nobody, and it was said why. */
export function compileOtlpLog(context: CompileContext, config: CheckedMessage): OtlpLogPlan | null {
  const common = child(config, "common_config");
  if (common !== undefined) acknowledge(common, "transport_api_version");
  readFormatters(context, config);
  for (const detector of children(config, "resource_detectors")) detectResource(context, detector);
  const services = [
    child(config, "http_service"),
    child(config, "grpc_service"),
    common === undefined ? undefined : child(common, "grpc_service"),
  ].filter((service) => service !== undefined);
  const [service] = services;
  if (service === undefined) context.error(config, "", `${NEEDS_ONE} to be configured.`);
  if (services.length > 1) context.error(config, "", ONLY_ONE);
  for (const other of services.slice(1)) acknowledgeAll(other);
  if (service === undefined) return null;
  const target = compileOtlpTarget(context, service, "logs");
  if (target === null) return null;
  const body = child(config, "body");
  const interval =
    millis(config, "buffer_flush_interval") ??
    (common === undefined ? undefined : millis(common, "buffer_flush_interval"));
  const isLabelled = !(flag(config, "disable_builtin_labels") ?? false);
  const statPrefix = text(config, "stat_prefix") ?? "";
  const logName = text(config, "log_name") || (common === undefined ? "" : (text(common, "log_name") ?? ""));
  return {
    target,
    statPrefix: statPrefix === "" ? STATS : `${STATS}${statPrefix}.`,
    body: body === undefined ? null : anyValue(context, body),
    attributes: fieldsOf(context, child(config, "attributes")),
    tags: compileTags(context, config),
    logName: isLabelled ? logName : null,
    resource: resourceOf(context, child(config, "resource_attributes")),
    delayMs: interval ?? FLUSH_MS,
  };
}

/** As in Envoy texts have operators; null: nothing is written there. */
function anyValue(context: CompileContext, value: CheckedMessage): LogValuePlan | null {
  switch (oneOf(value, KINDS)) {
    case "string_value":
      return { kind: "text", parts: compileFormat(context, value, "string_value", text(value, "string_value") ?? "") };
    case "array_value": {
      const values = children(child(value, "array_value") as CheckedMessage, "values");
      return { kind: "list", values: values.flatMap((one) => anyValue(context, one) ?? []) };
    }
    case "kvlist_value":
      return { kind: "map", fields: fieldsOf(context, child(value, "kvlist_value")) };
    case undefined:
      return null;
    case "bool_value":
    case "int_value":
    case "double_value":
    case "bytes_value":
      context.error(
        value,
        "",
        "Only string values, nested key value lists and array values are supported in OpenTelemetry access log format.",
      );
      return null;
  }
}

function fieldsOf(context: CompileContext, list: CheckedMessage | undefined): LogFieldPlan[] {
  const pairs = list === undefined ? [] : children(list, "values");
  return pairs.flatMap((pair) => {
    const value = child(pair, "value");
    const made = value === undefined ? null : anyValue(context, value);
    return made === null ? [] : [{ key: text(pair, "key") ?? "", value: made }];
  });
}

function resourceOf(context: CompileContext, list: CheckedMessage | undefined): (readonly [string, string])[] {
  const pairs = list === undefined ? [] : children(list, "values");
  return pairs.flatMap((pair) => {
    const value = child(pair, "value");
    const key = text(pair, "key") ?? "";
    if (value !== undefined && oneOf(value, KINDS) === "string_value") {
      return [[key, text(value, "string_value") ?? ""] as const];
    }
    context.warn(pair, "value", `resource attribute ${key} is not acted on: only texts are`);
    return [];
  });
}

const KINDS = [
  "string_value",
  "bool_value",
  "int_value",
  "double_value",
  "array_value",
  "kvlist_value",
  "bytes_value",
] as const;
const STATS = "access_logs.open_telemetry_access_log.";
const FLUSH_MS = 1_000;
const NEEDS_ONE =
  "OpenTelemetry access logger requires one of: grpc_service, http_service, or common_config.grpc_service";
const ONLY_ONE =
  "OpenTelemetry access logger can only have one transport configured. Specify exactly one of: grpc_service, http_service, or common_config.grpc_service.";
