// LocalReplyConfig of an HTTP connection manager to its plan. Called by http-connection-manager.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, oneOf, text } from "../load/fields.ts";
import type { FormatPartPlan, JsonFieldPlan, JsonValuePlan } from "../plan/access-log.ts";
import type { BodyFormatPlan, LocalReplyPlan, ReplyMapperPlan } from "../plan/local-reply.ts";
import { compileLineFormat } from "./access-log.ts";
import type { CompileContext } from "./context.ts";
import { readDataSource } from "./data-source.ts";
import { compileHeaderAdds } from "./header-changes.ts";
import { compileLogFilter } from "./log-filter.ts";

/** Compiles what a manager says of its own answers; null: they go out as they are. */
export function compileLocalReply(context: CompileContext, manager: CheckedMessage): LocalReplyPlan | null {
  const config = child(manager, "local_reply_config");
  if (config === undefined) return null;
  const mappers = children(config, "mappers").flatMap((mapper) => compileMapper(context, mapper));
  const bodyFormat = compileBodyFormat(context, config, "body_format");
  return mappers.length === 0 && bodyFormat === null ? null : { mappers, bodyFormat };
}

function compileMapper(context: CompileContext, mapper: CheckedMessage): readonly ReplyMapperPlan[] {
  const filter = compileLogFilter(context, mapper);
  const body = child(mapper, "body");
  const compiled = {
    status: count(mapper, "status_code") ?? -1,
    replyBody: body === undefined ? null : (readDataSource(context, body)?.bytes ?? null),
    bodyFormat: compileBodyFormat(context, mapper, "body_format_override"),
    headersToAdd: compileHeaderAdds(context, mapper, "headers_to_add"),
  };
  // Without a filter there is an error already.
  return filter === null ? [] : [{ filter, ...compiled }];
}

function compileBodyFormat(context: CompileContext, owner: CheckedMessage, field: string): BodyFormatPlan | null {
  const format = child(owner, field);
  if (format === undefined) return null;
  const isJson = oneOf(format, ["text_format", "text_format_source", "json_format"]) === "json_format";
  context.formatsReplies = true;
  const { format: parts, json, omitEmpty } = compileLineFormat(context, format);
  context.formatsReplies = false;
  return {
    contentType: wireText(text(format, "content_type") ?? "") || (isJson ? "application/json" : "text/plain"),
    format: parts.map(wirePart),
    json: json === null ? null : json.map(wireField),
    omitEmpty,
  };
}

function wirePart(part: FormatPartPlan): FormatPartPlan {
  return part.kind === "literal" ? { ...part, text: wireText(part.text) } : part;
}

function wireField({ key, value }: JsonFieldPlan): JsonFieldPlan {
  return { key: wireText(key), value: wireValue(value) };
}

function wireValue(value: JsonValuePlan): JsonValuePlan {
  switch (value.kind) {
    case "text":
      return { ...value, parts: value.parts.map(wirePart) };
    case "constant":
      return value;
    case "list":
      return { ...value, values: value.values.map(wireValue) };
    case "map":
      return { ...value, fields: value.fields.map(wireField) };
  }
}
