// Substitution formats: `%REQ(:PATH)% %PROTOCOL%` to parts. Called for access logs, headers to add and bodies; the data plane puts the
// parts together. Complaints are worded as Envoy words them.
import type { CheckedMessage } from "../load/checked.ts";
import { child, oneOf, text } from "../load/fields.ts";
import type { FormatPartPlan } from "../plan/access-log.ts";
import type { CompileContext } from "./context.ts";
import { readTextSource } from "./data-source.ts";
import { type OperatorRule, operatorRule } from "./format-operators.ts";

/** Parsed parts, or what is wrong with the text. */
export type ParsedFormat =
  | { readonly ok: true; readonly parts: readonly FormatPartPlan[]; readonly unserved: readonly string[] }
  | { readonly ok: false; readonly says: string };

/** Parses a format. `unserved` are operators that Envoy has and Starling gives no value for. */
export function parseFormat(format: string): ParsedFormat {
  const parts: FormatPartPlan[] = [];
  const unserved: string[] = [];
  let literal = "";
  for (let at = 0; at < format.length; ) {
    const percent = format.indexOf("%", at);
    if (percent === -1) {
      literal += format.slice(at);
      break;
    }
    literal += format.slice(at, percent);
    if (format.charAt(percent + 1) === "%") {
      literal += "%";
      at = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const found = COMMAND.exec(format);
    if (found === null) {
      return {
        ok: false,
        says: `Incorrect configuration: ${format}. Couldn't find valid command at position ${percent}`,
      };
    }
    const part = operatorPart(found[1] as string, found[2], found[3]);
    if (typeof part === "string") return { ok: false, says: part };
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
    parts.push(part);
    if (operatorRule(found[1] as string)?.served === false) unserved.push(found[1] as string);
    at = COMMAND.lastIndex;
  }
  if (literal !== "") parts.push({ kind: "literal", text: literal });
  return { ok: true, parts, unserved };
}

/** Parses the format of a field, with what is wrong said at it. `%ENVIRONMENT(X)%` is already its value. */
export function compileFormat(
  context: CompileContext,
  message: CheckedMessage,
  field: string,
  format: string,
): readonly FormatPartPlan[] {
  const parsed = parseFormat(format);
  if (!parsed.ok) {
    context.error(message, field, parsed.says);
    return [];
  }
  for (const name of parsed.unserved) {
    if (name === REPLY_BODY && context.formatsReplies) continue;
    context.warn(message, field, `%${name}% is accepted and never has a value here`);
  }
  return parsed.parts.map((part) => {
    if (part.kind === "literal") return part;
    // As Envoy: nothing rather than no value.
    if (part.name === REPLY_BODY && !context.formatsReplies) return { kind: "literal", text: "" };
    if (part.name !== "ENVIRONMENT") return part;
    const value = context.options.environment(part.args[0] ?? "") ?? "-";
    return { kind: "literal", text: value.slice(0, part.lengthMax) };
  });
}

/**
 * envoy.config.core.v3.SubstitutionFormatString as text parts; null when it is a JSON format (read it with
 * `child(…, "json_format")`) or after an error was said.
 */
export function compileTextFormat(context: CompileContext, format: CheckedMessage): readonly FormatPartPlan[] | null {
  const kind = oneOf(format, ["text_format", "text_format_source"]);
  if (kind === undefined) return null;
  if (kind === "text_format") return compileFormat(context, format, kind, text(format, kind) ?? "");
  const source = readTextSource(context, child(format, kind) as CheckedMessage);
  return source === null ? null : compileFormat(context, format, kind, source);
}

function operatorPart(name: string, params: string | undefined, length: string | undefined): FormatPartPlan | string {
  const rule = operatorRule(name);
  if (rule === undefined) return `Not supported field in StreamInfo: ${name}`;
  const given = params ?? "";
  if (rule.takes === "must take" && given === "") return `${name} requires parameters`;
  if (rule.takes === "nothing" && (given !== "" || length !== undefined)) {
    return `${name} does not take any parameters or length`;
  }
  const args = argumentsOf(rule, given);
  if (typeof args === "string") return args;
  const lengthMax = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  const short = rule.split === "metadata" ? METADATA_OPERATORS[args[0] as string] : undefined;
  if (short !== undefined) return { kind: "operator", name: short, args: args.slice(1), lengthMax };
  return { kind: "operator", name: rule.name, args, lengthMax };
}

function argumentsOf(rule: OperatorRule, given: string): readonly string[] | string {
  if (given === "") return [];
  switch (rule.split) {
    case "headers": {
      const names = given.toLowerCase().split("?");
      return names.length > 2 ? `More than 1 alternative header specified in token: ${given}` : names;
    }
    case "path":
      return given.split(":");
    case "metadata":
      return metadataArguments(given);
    case "whole": {
      if (rule.name === "COMMON_DURATION") return durationArguments(given);
      const allowed = OPTIONS[rule.name];
      return allowed === undefined || allowed.options.includes(given) ? [given] : allowed.says.replace("?", given);
    }
  }
}

/** Whose metadata, then the path in it. */
function metadataArguments(given: string): readonly string[] | string {
  const args = given.split(":");
  const [type = ""] = args;
  const isKnown = METADATA_OWNERS.has(type) || METADATA_OPERATORS[type] !== undefined;
  return isKnown ? args : `${type} is not supported type of metadata`;
}

/** Two moments and a unit. What a moment of this name is, is known when a line is written. */
function durationArguments(given: string): readonly string[] | string {
  const parts = given.split(":");
  const [, , unit = "ms"] = parts;
  if (parts.length < 2 || parts.length > 3) return `Invalid common duration configuration: ${given}.`;
  return ["ms", "us", "ns"].includes(unit) ? [given] : `Invalid common duration precision: ${unit}.`;
}

const REPLY_BODY = "LOCAL_REPLY_BODY";
const COMMAND = /%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::([0-9]+))?%/y;

/** What METADATA says with a type that has an operator of its own. */
const METADATA_OPERATORS: Readonly<Record<string, string | undefined>> = {
  DYNAMIC: "DYNAMIC_METADATA",
  CLUSTER: "CLUSTER_METADATA",
  UPSTREAM_HOST: "UPSTREAM_METADATA",
};
const METADATA_OWNERS: ReadonlySet<string> = new Set(["ROUTE", "VIRTUAL_HOST", "LISTENER", "LISTENER_FILTER_CHAIN"]);

const OPTIONS: Readonly<Record<string, { readonly options: readonly string[]; readonly says: string }>> = {
  GRPC_STATUS: {
    options: ["CAMEL_STRING", "SNAKE_STRING", "NUMBER"],
    says: "GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ?",
  },
  PATH: {
    options: ["WQ", "NQ", ...["ORIG", "PATH", "ORIG_OR_PATH"].flatMap((one) => [one, `WQ:${one}`, `NQ:${one}`])],
    says: "Invalid PATH option: '?', only 'WQ'/'NQ' are allowed",
  },
};
