// The types of google.protobuf that have a JSON form of their own, and Any with what it packs.
// Called by check-message.ts for every message-typed value. An Any is resolved here, recursively.

import { didYouMean } from "../../base/did-you-mean.ts";
import type { ScalarKind } from "../schema/shape.ts";
import { below, type CheckContext, describe, uniqueEntries } from "./check-context.ts";
import type { CheckedMessage, CheckedValue, JsonValue } from "./checked.ts";
import { timeOf } from "./rfc3339.ts";
import { durationOf, isFault, quote, readDuration, readJsonValue, readScalar, readYamlValue } from "./scalars.ts";
import type { Written, WrittenMap, WrittenScalar } from "./written.ts";

/** The value of a well-known type; undefined when it is wrong (and complained about); `notWellKnown` for other types. */
export function readWellKnown(
  context: CheckContext,
  type: string,
  written: Written,
  path: string,
): CheckedValue | undefined | typeof notWellKnown {
  if (!type.startsWith("google.protobuf.")) return notWellKnown;
  if (written.kind === "null" && type !== "google.protobuf.Value") return nullOf(type, written, path);
  const wrapped = wrappers[type];
  if (wrapped !== undefined) return readWrapper(context, wrapped, written, path);
  switch (type) {
    case "google.protobuf.Duration":
      return readDurationField(context, written, path);
    case "google.protobuf.Any":
      return readAny(context, written, path);
    case "google.protobuf.Struct":
      if (written.kind === "map") return { kind: "json", value: plainJson(context, written, path) };
      return refuse(context, written, path, "a mapping");
    case "google.protobuf.ListValue":
      if (written.kind === "list") return { kind: "json", value: plainJson(context, written, path) };
      return refuse(context, written, path, "a list");
    case "google.protobuf.Value":
      return { kind: "json", value: plainJson(context, written, path) };
    case "google.protobuf.Empty":
      return readEmpty(context, written, path);
    case "google.protobuf.Timestamp":
      return readTimestamp(context, written, path);
    case "google.protobuf.FieldMask":
      return written.kind === "scalar" ? written.text : refuse(context, written, path, "text such as a,b.c");
    default:
      return notWellKnown;
  }
}

/** The full name in a type URL, or null when it is no type URL (`host/full.Name`). */
function typeOfUrl(url: string): string | null {
  const slash = url.lastIndexOf("/");
  return slash > 0 && slash < url.length - 1 ? url.slice(slash + 1) : null;
}

function readWrapper(
  context: CheckContext,
  kind: ScalarKind,
  written: Written,
  path: string,
): CheckedValue | undefined {
  if (written.kind === "map") return readWrapperMap(context, kind, written, path);
  if (written.kind !== "scalar") return refuse(context, written, path, `a ${kind}`);
  const value = readScalar(kind, written);
  return isFault(value) ? complain(context, written, path, value.fault) : value;
}

// A null item of a list or a map is the type's empty value, as protobuf's reader has it.
function nullOf(type: string, written: Written, path: string): CheckedValue | typeof notWellKnown {
  const wrapped = wrappers[type];
  if (wrapped !== undefined) return emptyOf(wrapped);
  switch (type) {
    case "google.protobuf.Duration":
      return 0;
    case "google.protobuf.Struct":
      return { kind: "json", value: {} };
    case "google.protobuf.ListValue":
      return { kind: "json", value: [] };
    case "google.protobuf.Timestamp":
      return "1970-01-01T00:00:00Z";
    case "google.protobuf.FieldMask":
      return "";
    default:
      return type === "google.protobuf.Any" || type === "google.protobuf.Empty"
        ? bare(type, written, path)
        : notWellKnown;
  }
}

function emptyOf(kind: ScalarKind): CheckedValue {
  return kind === "string" ? "" : kind === "bytes" ? new Uint8Array(0) : kind === "bool" ? false : 0;
}

// Envoy also takes `{ value: 5 }` for a wrapper.
function readWrapperMap(
  context: CheckContext,
  kind: ScalarKind,
  written: WrittenMap,
  path: string,
): CheckedValue | undefined {
  const value = memberOf(context, written, path, ["value"]).get("value");
  if (value !== undefined) return readWrapper(context, kind, value, below(path, "value"));
  return emptyOf(kind);
}

function readDurationField(context: CheckContext, written: Written, path: string): number | undefined {
  if (written.kind === "scalar") {
    const value = readDuration(written.text);
    return isFault(value) ? complain(context, written, path, value.fault) : value;
  }
  if (written.kind !== "map") return refuse(context, written, path, "a duration such as 0.25s");
  const members = memberOf(context, written, path, ["seconds", "nanos"]);
  const seconds = integerOf(context, members.get("seconds"), "int64", below(path, "seconds"));
  const nanos = integerOf(context, members.get("nanos"), "int32", below(path, "nanos"));
  if (seconds === undefined || nanos === undefined) return undefined;
  const value = durationOf(Math.abs(seconds), Math.abs(nanos), seconds < 0 || nanos < 0);
  return isFault(value) ? complain(context, written, path, value.fault) : value;
}

function integerOf(
  context: CheckContext,
  written: Written | undefined,
  kind: ScalarKind,
  path: string,
): number | undefined {
  if (written === undefined) return 0;
  const value = readWrapper(context, kind, written, path);
  return typeof value === "number" ? value : undefined;
}

function readTimestamp(context: CheckContext, written: Written, path: string): string | undefined {
  if (written.kind !== "scalar") return refuse(context, written, path, "a time such as 2026-01-31T12:00:00Z");
  if (timeOf(written.text) !== null) return written.text;
  return complain(
    context,
    written,
    path,
    `${quote(written.text)} is not an RFC 3339 time such as 2026-01-31T12:00:00Z`,
  );
}

function readEmpty(context: CheckContext, written: Written, path: string): CheckedMessage | undefined {
  if (written.kind !== "map") return refuse(context, written, path, "{}");
  memberOf(context, written, path, []);
  return bare("google.protobuf.Empty", written, path);
}

function readAny(context: CheckContext, written: Written, path: string): CheckedMessage | undefined {
  if (written.kind !== "map") return refuse(context, written, path, 'a mapping with "@type"');
  const entry = written.entries.find((one) => one.key === "@type");
  if (entry === undefined) {
    if (written.entries.length === 0) return bare("google.protobuf.Any", written, path);
    return complain(context, written, path, 'the mapping needs "@type" to say what it is');
  }
  const url = entry.value.kind === "scalar" ? entry.value.text : "";
  const type = typeOfUrl(url);
  if (type === null) {
    const says = `${quote(url)} is no type URL: write type.googleapis.com/ and the message's full name`;
    return complain(context, entry.value, below(path, "@type"), says);
  }
  const rest: WrittenMap = { ...written, entries: written.entries.filter((one) => one.key !== "@type") };
  if (typedStructs.has(type)) return readTypedStruct(context, type, rest, path);
  return readInner(context, type, rest, entry.value, path);
}

function readInner(
  context: CheckContext,
  type: string,
  rest: WrittenMap,
  named: Written,
  path: string,
): CheckedMessage | undefined {
  if (type.startsWith("google.protobuf.")) return readPackedWellKnown(context, type, rest, path);
  if (context.set.message(type) !== undefined) return context.message(context, type, rest, path);
  const last = type.slice(type.lastIndexOf(".") + 1);
  // Only an Envoy type can have moved; somebody's own filter has no twin here.
  const isEnvoys = type.startsWith("envoy.");
  const twin = isEnvoys ? [...context.set.names()].find((name) => name.endsWith(`.${last}`)) : undefined;
  const meant = didYouMean(type, context.set.names()) || (twin === undefined ? "" : ` (did you mean ${twin}?)`);
  const hint = PROGRAM_FILTER.test(type) ? OWN_FILTER : meant;
  return complain(context, named, below(path, "@type"), `the type ${type} is not known${hint}`);
}

// A well-known type inside an Any stands in a member called value.
function readPackedWellKnown(
  context: CheckContext,
  type: string,
  rest: WrittenMap,
  path: string,
): CheckedMessage | undefined {
  if (type === "google.protobuf.Empty") return readEmpty(context, rest, path) as CheckedMessage | undefined;
  const inner = memberOf(context, rest, path, ["value"]).get("value");
  if (inner === undefined) return bare(type, rest, path);
  const at = below(path, "value");
  const value = readWellKnown(context, type, inner, at);
  if (value === notWellKnown) return complain(context, rest, path, `the type ${type} is not known`);
  if (value === undefined) return undefined;
  return { ...bare(type, rest, path), fields: { value }, positions: { value: inner.position } };
}

// The message that a TypedStruct carries as JSON, as Envoy converts it when it knows the type.
function readTypedStruct(
  context: CheckContext,
  wrapper: string,
  rest: WrittenMap,
  path: string,
): CheckedMessage | undefined {
  const members = memberOf(context, rest, path, ["type_url", "value"]);
  const url = members.get("type_url");
  const value = members.get("value");
  const type = url?.kind === "scalar" ? typeOfUrl(url.text) : null;
  if (type === null) return complain(context, url ?? rest, below(path, "type_url"), "type_url must name a message");
  const empty: WrittenMap = { kind: "map", entries: [], position: rest.position };
  if (value !== undefined && value.kind !== "map") {
    return complain(context, value, below(path, "value"), `wants a mapping, not ${describe(value)}`);
  }
  const isStranger = context.set.message(type) === undefined && isOptional(context, path);
  const made = isStranger
    ? bare(type, rest, path)
    : readInner(context, type, value ?? empty, url ?? rest, below(path, "value"));
  if (made === undefined) return undefined;
  return { ...made, wrapper: { type: wrapper, value: plainJson(context, value ?? empty, below(path, "value")) } };
}

/** As in Envoy, an optional filter in a TypedStruct may be of a type that nobody knows. */
function isOptional({ optionalAt }: CheckContext, path: string): boolean {
  return optionalAt !== null && path === below(optionalAt, path.slice(path.lastIndexOf(".") + 1));
}

function plainJson(context: CheckContext, written: Written, path: string): JsonValue {
  if (written.kind === "null") return null;
  if (written.kind === "scalar") return context.format === "yaml" ? readYamlValue(written) : readJsonValue(written);
  if (written.kind === "list") return written.items.map((item, at) => plainJson(context, item, `${path}[${at}]`));
  const made: Record<string, JsonValue> = Object.create(null);
  for (const entry of uniqueEntries(context, written, path, (key) => key)) {
    made[entry.key] = plainJson(context, entry.value, below(path, entry.key));
  }
  return made;
}

// The members of a mapping that has only these; others are complained about.
function memberOf(
  context: CheckContext,
  map: WrittenMap,
  path: string,
  names: readonly string[],
): ReadonlyMap<string, Written> {
  const found = new Map<string, Written>();
  for (const entry of uniqueEntries(context, map, path, (key) => (key === "typeUrl" ? "type_url" : key))) {
    const name = entry.key === "typeUrl" ? "type_url" : entry.key;
    if (!names.includes(name)) {
      context.complaints.unknown(
        entry.position,
        below(path, name),
        `there is no field ${name}${didYouMean(name, names)}`,
      );
    } else if (entry.value.kind !== "null") found.set(name, entry.value);
  }
  return found;
}

function bare(type: string, written: Written, path: string): CheckedMessage {
  return { kind: "message", type, fields: {}, positions: {}, position: written.position, path };
}

function refuse(context: CheckContext, written: Written, path: string, wanted: string): undefined {
  return complain(context, written, path, `wants ${wanted}, not ${describe(written)}`);
}

function complain(context: CheckContext, written: Written | WrittenScalar, path: string, says: string): undefined {
  context.complaints.error(written.position, path, says);
  return undefined;
}

/** What readWellKnown says of a type that is an ordinary message. */
export const notWellKnown: unique symbol = Symbol("not well-known");

const wrappers: Readonly<Record<string, ScalarKind | undefined>> = {
  "google.protobuf.DoubleValue": "double",
  "google.protobuf.FloatValue": "float",
  "google.protobuf.Int64Value": "int64",
  "google.protobuf.UInt64Value": "uint64",
  "google.protobuf.Int32Value": "int32",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.StringValue": "string",
  "google.protobuf.BytesValue": "bytes",
};
const typedStructs: ReadonlySet<string> = new Set(["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"]);

/** Filters that are programs of their own and whose types the set does not have. */
const PROGRAM_FILTER = /^envoy\.extensions\.filters\.http\.(golang|dynamic_modules)\./;
const OWN_FILTER = "; instead write the filter in TypeScript: starling.filters.http.module.v1.Module";
