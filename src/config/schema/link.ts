// Turns parsed .proto files into shapes: full names, resolved types, the rules and annotations that load/ obeys.
// Called by descriptor-set.ts. A type that no file declares keeps its name and stays unknown (load/ then says so).
import type { ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoOptions } from "./proto-parser.ts";
import type { EnumShape, FieldShape, MessageShape, Rules, RuleValue, ScalarKind, TypeShape } from "./shape.ts";

/**
 * Shapes of every message and enum of the files, by full name. A type declared again adds to the first: its fields and
 * values replace those of the same name (later.ts does so).
 */
export function linkFiles(files: Iterable<ProtoFile>): Map<string, TypeShape> {
  const all = [...files];
  const kinds = new Map<string, "message" | "enum">();
  for (const file of all) declare(file.package, file.messages, file.enums, kinds);
  const shapes = new Map<string, TypeShape>();
  for (const file of all) link(file.package, file.messages, file.enums, kinds, shapes);
  return shapes;
}

/** proto3's JSON name of a field: `connect_timeout` is `connectTimeout`. */
function jsonNameOf(name: string): string {
  return name.replace(/_+([a-zA-Z0-9]?)/g, (_whole, letter: string) => letter.toUpperCase());
}

/** Whether a type word is a scalar of proto3. */
function isScalar(type: string): type is ScalarKind {
  return scalars.has(type);
}

function declare(
  scope: string,
  messages: readonly ProtoMessage[],
  enums: readonly ProtoEnum[],
  kinds: Map<string, "message" | "enum">,
): void {
  for (const one of enums) kinds.set(join(scope, one.name), "enum");
  for (const one of messages) {
    const name = join(scope, one.name);
    kinds.set(name, "message");
    declare(name, one.messages, one.enums, kinds);
  }
}

function link(
  scope: string,
  messages: readonly ProtoMessage[],
  enums: readonly ProtoEnum[],
  kinds: ReadonlyMap<string, "message" | "enum">,
  shapes: Map<string, TypeShape>,
): void {
  for (const one of enums) {
    const name = join(scope, one.name);
    shapes.set(name, mergeEnum(shapes.get(name), linkEnum(name, one)));
  }
  for (const one of messages) {
    const name = join(scope, one.name);
    shapes.set(name, mergeMessage(shapes.get(name), linkMessage(name, one, kinds)));
    link(name, one.messages, one.enums, kinds, shapes);
  }
}

function linkMessage(
  name: string,
  message: ProtoMessage,
  kinds: ReadonlyMap<string, "message" | "enum">,
): MessageShape {
  const unchecked = message.options["validate.disabled"] === true || message.options["validate.ignored"] === true;
  const fields = message.fields.map((field) => linkField(name, field, kinds, unchecked));
  const requiredOneofs = message.oneofs
    .filter((one) => one.options["validate.required"] === true)
    .map((one) => one.name);
  return {
    kind: "message",
    name,
    fields,
    ...(requiredOneofs.length > 0 && !unchecked && { requiredOneofs }),
    ...(message.options["deprecated"] === true && { deprecated: true }),
  };
}

function linkField(
  scope: string,
  field: ProtoField,
  kinds: ReadonlyMap<string, "message" | "enum">,
  unchecked: boolean,
): FieldShape {
  const { options } = field;
  const rules = unchecked ? undefined : rulesOf(options);
  const base = { name: field.name, jsonName: jsonNameOf(field.name), number: field.number };
  return {
    ...base,
    ...typeOf(scope, field.type, kinds),
    ...(field.repeated && field.mapKey === undefined && { repeated: true }),
    ...(field.mapKey !== undefined && { mapKey: field.mapKey as ScalarKind }),
    ...(field.oneof !== undefined && { oneof: field.oneof }),
    ...(options["deprecated"] === true && { deprecated: true }),
    ...(options["envoy.annotations.disallowed_by_default"] === true && { disallowed: true }),
    ...(options["udpa.annotations.sensitive"] === true && { sensitive: true }),
    ...(rules !== undefined && { rules }),
  };
}

function typeOf(
  scope: string,
  type: string,
  kinds: ReadonlyMap<string, "message" | "enum">,
): Pick<FieldShape, "type" | "typeName"> {
  if (isScalar(type)) return { type };
  if (type.startsWith(".")) return { type: kinds.get(type.slice(1)) ?? "message", typeName: type.slice(1) };
  for (let at = scope; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const kind = kinds.get(`${at}.${type}`);
    if (kind !== undefined) return { type: kind, typeName: `${at}.${type}` };
  }
  return { type: kinds.get(type) ?? "message", typeName: type };
}

function linkEnum(name: string, found: ProtoEnum): EnumShape {
  const named = (option: string) => found.values.filter((one) => one.options[option] === true).map((one) => one.name);
  const deprecatedValues = named("deprecated");
  const disallowedValues = named("envoy.annotations.disallowed_by_default_enum");
  return {
    kind: "enum",
    name,
    values: Object.fromEntries(found.values.map((one) => [one.name, one.number])),
    ...(deprecatedValues.length > 0 && { deprecatedValues }),
    ...(disallowedValues.length > 0 && { disallowedValues }),
  };
}

function mergeMessage(before: TypeShape | undefined, after: MessageShape): MessageShape {
  if (before?.kind !== "message") return after;
  const again = new Map(after.fields.map((field) => [field.name, field]));
  const kept = before.fields.map((field) => again.get(field.name) ?? field);
  const added = after.fields.filter((field) => before.fields.every((one) => one.name !== field.name));
  return { ...before, ...after, fields: [...kept, ...added] };
}

function mergeEnum(before: TypeShape | undefined, after: EnumShape): EnumShape {
  if (before?.kind !== "enum") return after;
  return { ...before, ...after, values: { ...before.values, ...after.values } };
}

function rulesOf(options: ProtoOptions): Rules | undefined {
  const rules: RuleValue | undefined = options["validate.rules"];
  return typeof rules === "object" && !Array.isArray(rules) ? (rules as Rules) : undefined;
}

function join(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

const scalars: ReadonlySet<string> = new Set<ScalarKind>([
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
]);
