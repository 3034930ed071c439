// envoy.config.accesslog.v3.AccessLog to AccessLogPlan. Called for HTTP connection managers, TCP proxies, listeners and the admin server.
import type { CheckedJson, CheckedMessage, JsonValue } from "../load/checked.ts";
import { acknowledge, child, children, entries, flag, json, oneOf, text } from "../load/fields.ts";
import type {
  AccessLogPlan,
  FormatPartPlan,
  JsonFieldPlan,
  JsonValuePlan,
  LineFormatPlan,
  TextLogPlan,
} from "../plan/access-log.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat, compileTextFormat, parseFormat } from "./format.ts";
import { readFormatters } from "./formatters.ts";
import { compileLogFilter } from "./log-filter.ts";
import { compileOtlpLog } from "./otlp-log.ts";

/** Compiles the access logs of one message; loggers that Starling does not have are said and left out. */
export function compileAccessLogs(context: CompileContext, owner: CheckedMessage, field: string): AccessLogPlan[] {
  return children(owner, field).flatMap((log): AccessLogPlan[] => {
    const filter = compileLogFilter(context, log);
    text(log, "name");
    const config = child(log, "typed_config");
    if (config?.type === OTLP_LOG) {
      const records = compileOtlpLog(context, config);
      return records === null ? [] : [{ sink: "otlp", records, filter }];
    }
    const sink = config === undefined ? undefined : SINKS[config.type];
    if (config === undefined || sink === undefined) {
      const type = config?.type ?? "none";
      context.warn(
        log,
        "typed_config",
        `access logger ${type} is not acted on: use a file, stdout or stderr logger, or ${OTLP_LOG}`,
      );
      return [];
    }
    const path = sink === "file" ? (text(config, "path") ?? "") : "";
    return [{ sink, path, filter, ...formatOf(context, config) }];
  });
}

/** Envoy's format where none is given; it ends its line. */
export const DEFAULT_FORMAT_TEXT: string =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% " +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** A file in Envoy's default format that gets every line. */
export function defaultFileLog(path: string): TextLogPlan {
  return { sink: "file", path, filter: null, ...textFormat(defaultFormat()) };
}

/** The parts of Envoy's default format. */
export function defaultFormat(): readonly FormatPartPlan[] {
  const parsed = parseFormat(DEFAULT_FORMAT_TEXT);
  return parsed.ok ? parsed.parts : [];
}

/** envoy.config.core.v3.SubstitutionFormatString; its content_type is its owner's to read. */
export function compileLineFormat(context: CompileContext, format: CheckedMessage): LineFormatPlan {
  const omitEmpty = flag(format, "omit_empty_values") ?? false;
  readFormatters(context, format);
  // Keys are sorted whether it is asked for or not, as in Envoy; a line has no content type.
  acknowledge(format, "content_type", "json_format_options");
  const kind = oneOf(format, ["text_format", "text_format_source", "json_format"]);
  if (kind === "json_format") return jsonFormat(context, format, kind, omitEmpty);
  return { ...textFormat(compileTextFormat(context, format) ?? []), omitEmpty };
}

function formatOf(context: CompileContext, config: CheckedMessage): LineFormatPlan {
  switch (oneOf(config, ["format", "json_format", "typed_json_format", "log_format"])) {
    case "format":
      return textFormat(compileFormat(context, config, "format", text(config, "format") ?? ""));
    case "json_format":
      return jsonFormat(context, config, "json_format", false);
    case "typed_json_format":
      return jsonFormat(context, config, "typed_json_format", false);
    case "log_format":
      return compileLineFormat(context, child(config, "log_format") as CheckedMessage);
    case undefined:
      return textFormat(defaultFormat());
  }
}

function textFormat(format: readonly FormatPartPlan[]): LineFormatPlan {
  return { format, json: null, omitEmpty: false };
}

function jsonFormat(
  context: CompileContext,
  message: CheckedMessage,
  field: string,
  omitEmpty: boolean,
): LineFormatPlan {
  const value = message.fields[field] as CheckedJson | undefined;
  const written = value?.kind === "json" ? json(message, field) : Object.fromEntries(entries(message, field));
  return { format: [], json: jsonFields(context, message, field, written as JsonValue), omitEmpty };
}

/** In the order of their keys: Envoy keeps them sorted. */
function jsonFields(
  context: CompileContext,
  message: CheckedMessage,
  field: string,
  value: JsonValue,
): JsonFieldPlan[] {
  return Object.entries(value as Readonly<Record<string, JsonValue>>)
    .map(([key, one]) => ({ key, value: jsonValue(context, message, field, one) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function jsonValue(context: CompileContext, message: CheckedMessage, field: string, value: JsonValue): JsonValuePlan {
  if (typeof value === "string") return { kind: "text", parts: compileFormat(context, message, field, value) };
  if (Array.isArray(value)) {
    return { kind: "list", values: value.map((one: JsonValue) => jsonValue(context, message, field, one)) };
  }
  if (typeof value === "object" && value !== null) {
    return { kind: "map", fields: jsonFields(context, message, field, value) };
  }
  return { kind: "constant", text: JSON.stringify(value) };
}

const OTLP_LOG = "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig";
const SINKS: Readonly<Record<string, TextLogPlan["sink"]>> = {
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": "file",
  "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": "stdout",
  "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": "stderr",
};
