// envoy.config.accesslog.v3.AccessLog to AccessLogPlan. Called for HTTP connection managers and the admin server.
import type { CheckedJson, CheckedMessage, JsonValue } from "../load/checked.ts";
import { child, children, entries, flag, json, oneOf, text } from "../load/fields.ts";
import type { AccessLogPlan, FormatPartPlan, JsonFieldPlan } from "../plan/access-log.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat, compileTextFormat, parseFormat } from "./format.ts";
import { compileLogFilter } from "./log-filter.ts";

/** Compiles the access logs of one message; loggers that Starling does not have are said and left out. */
export function compileAccessLogs(context: CompileContext, owner: CheckedMessage, field: string): AccessLogPlan[] {
  return children(owner, field).flatMap((log) => {
    const filter = compileLogFilter(context, log);
    text(log, "name");
    const config = child(log, "typed_config");
    const sink = config === undefined ? undefined : SINKS[config.type];
    if (config === undefined || sink === undefined) {
      const type = config?.type ?? "none";
      context.warn(log, "typed_config", `access logger ${type} is not acted on: use a file, stdout or stderr logger`);
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

/** The parts of Envoy's default format. */
export function defaultFormat(): readonly FormatPartPlan[] {
  const parsed = parseFormat(DEFAULT_FORMAT_TEXT);
  return parsed.ok ? parsed.parts : [];
}

type Format = Pick<AccessLogPlan, "format" | "json" | "omitEmpty">;

function formatOf(context: CompileContext, config: CheckedMessage): Format {
  switch (oneOf(config, ["format", "json_format", "typed_json_format", "log_format"])) {
    case "format":
      return textFormat(compileFormat(context, config, "format", text(config, "format") ?? ""));
    case "json_format":
      return jsonFormat(context, config, "json_format", false);
    case "typed_json_format":
      return jsonFormat(context, config, "typed_json_format", false);
    case "log_format":
      return substitutionFormat(context, child(config, "log_format") as CheckedMessage);
    case undefined:
      return textFormat(defaultFormat());
  }
}

function substitutionFormat(context: CompileContext, format: CheckedMessage): Format {
  const omitEmpty = flag(format, "omit_empty_values") ?? false;
  const kind = oneOf(format, ["text_format", "text_format_source", "json_format"]);
  if (kind === "json_format") return jsonFormat(context, format, kind, omitEmpty);
  return { ...textFormat(compileTextFormat(context, format) ?? []), omitEmpty };
}

function textFormat(format: readonly FormatPartPlan[]): Format {
  return { format, json: null, omitEmpty: false };
}

function jsonFormat(context: CompileContext, message: CheckedMessage, field: string, omitEmpty: boolean): Format {
  const value = message.fields[field] as CheckedJson | undefined;
  const written = value?.kind === "json" ? json(message, field) : Object.fromEntries(entries(message, field));
  return { format: [], json: jsonFields(context, message, field, written as JsonValue), omitEmpty };
}

function jsonFields(
  context: CompileContext,
  message: CheckedMessage,
  field: string,
  value: JsonValue,
): JsonFieldPlan[] {
  return Object.entries(value as Readonly<Record<string, JsonValue>>).map(([key, one]) => {
    if (typeof one === "string") {
      return { key, parts: compileFormat(context, message, field, one), constant: null, fields: null };
    }
    if (typeof one === "object" && one !== null && !Array.isArray(one)) {
      return { key, parts: [], constant: null, fields: jsonFields(context, message, field, one) };
    }
    const constant = JSON.stringify(one);
    if (constant.includes("%")) {
      context.refuse(message, field, `operators inside the list '${key}'`, "give each element a key of its own");
    }
    return { key, parts: [], constant, fields: null };
  });
}

const SINKS: Readonly<Record<string, AccessLogPlan["sink"]>> = {
  "envoy.extensions.access_loggers.file.v3.FileAccessLog": "file",
  "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": "stdout",
  "envoy.extensions.access_loggers.stream.v3.StderrAccessLog": "stderr",
};
