// request_headers_to_add/remove and response_headers_to_add/remove of one level. Called for route configurations, virtual hosts,
// routes and weighted clusters.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { bytes, child, children, flag, has, text, texts } from "../load/fields.ts";
import type { HeaderAddPlan, HeaderChangesPlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat } from "./format.ts";

/** Compiles the four lists of one level. */
export function compileHeaderChanges(context: CompileContext, level: CheckedMessage): HeaderChangesPlan {
  return {
    requestAdd: compileHeaderAdds(context, level, "request_headers_to_add"),
    requestRemove: removed(context, level, "request_headers_to_remove"),
    responseAdd: compileHeaderAdds(context, level, "response_headers_to_add"),
    responseRemove: removed(context, level, "response_headers_to_remove"),
  };
}

/** A repeated envoy.config.core.v3.HeaderValueOption. */
export function compileHeaderAdds(context: CompileContext, level: CheckedMessage, field: string): HeaderAddPlan[] {
  return children(level, field).flatMap((option) => compileHeaderAdd(context, option));
}

/** One envoy.config.core.v3.HeaderValueOption; none when it names no header. */
export function compileHeaderAdd(context: CompileContext, option: CheckedMessage): HeaderAddPlan[] {
  const header = child(option, "header");
  if (header === undefined) return [];
  const name = (text(header, "key") ?? "").toLowerCase();
  if (isRouting(name)) context.error(header, "key", ":-prefixed or host headers may not be modified");
  else if (!TOKEN.test(name)) {
    context.refuse(header, "key", `'${name}' as a header name`, "use the characters of an RFC 9110 token");
  }
  const value = headerValue(header);
  if (LINE_BREAK.test(value)) context.error(header, "value", "a header value has no line break and no NUL");
  const parts = compileFormat(context, header, has(header, "raw_value") ? "raw_value" : "value", value);
  return [
    {
      name: wireText(name),
      value: parts.map((part) => (part.kind === "literal" ? { ...part, text: wireText(part.text) } : part)),
      action: actionOf(context, option),
      keepEmpty: flag(option, "keep_empty_value") ?? false,
    },
  ];
}

/** The value of an envoy.config.core.v3.HeaderValue. */
export function headerValue(header: CheckedMessage): string {
  const raw = bytes(header, "raw_value");
  return raw === undefined || raw.length === 0 ? (text(header, "value") ?? "") : new TextDecoder().decode(raw);
}

function actionOf(context: CompileContext, option: CheckedMessage): HeaderAddPlan["action"] {
  const append = flag(option, "append");
  const action = text(option, "append_action");
  if (append !== undefined && action !== undefined && action !== "APPEND_IF_EXISTS_OR_ADD") {
    context.error(option, "append", "Both append and append_action are set and it's not allowed");
  }
  if (append !== undefined) return append ? "append" : "overwrite";
  return actionNamed(action);
}

/** An append action by its name, of fields and of query parameters. */
export function actionNamed(action: string | undefined): HeaderAddPlan["action"] {
  return ACTIONS[action ?? "APPEND_IF_EXISTS_OR_ADD"] ?? "append";
}

function removed(context: CompileContext, level: CheckedMessage, field: string): string[] {
  return texts(level, field).map((name) => {
    const lower = name.toLowerCase();
    if (isRouting(lower)) context.error(level, field, ":-prefixed or host headers may not be removed");
    return wireText(lower);
  });
}

// These decide where a request goes; Envoy has other fields to change them.
function isRouting(name: string): boolean {
  return name.startsWith(":") || name === "host";
}

const ACTIONS: Readonly<Record<string, HeaderAddPlan["action"]>> = {
  APPEND_IF_EXISTS_OR_ADD: "append",
  ADD_IF_ABSENT: "add_if_absent",
  OVERWRITE_IF_EXISTS_OR_ADD: "overwrite",
  OVERWRITE_IF_EXISTS: "overwrite_if_exists",
};

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const LINE_BREAK = /[\0\r\n]/;
