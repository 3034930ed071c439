// The published JSON Schema (draft 2020-12) of a bootstrap file, for editors and linters. Called by `starling schema`.
// Made from the same descriptors that loading obeys, so that both agree; it never replaces loading, which checks more.
import { type DescriptorSet, loadDescriptorSet } from "./descriptor-set.ts";
import type { FieldShape, MessageShape, Rules, RuleValue } from "./shape.ts";

/** A JSON Schema, or a part of one. */
export type SchemaNode = { [keyword: string]: unknown };

/**
 * The schema of a message with all that it can hold; an Any by its "@type" for every extension that is described.
 * Names are accepted in both spellings. Messages are open in `$defs` and closed where they are used.
 */
export function jsonSchemaOf(typeName = "envoy.config.bootstrap.v3.Bootstrap"): SchemaNode {
  const maker = new Maker(loadDescriptorSet());
  const root = maker.reference(typeName);
  maker.drain();
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: typeName,
    ...root,
    $defs: Object.fromEntries([...maker.definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

class Maker {
  readonly definitions: Map<string, SchemaNode> = new Map();
  readonly #set: DescriptorSet;
  readonly #waiting: string[] = [];

  constructor(set: DescriptorSet) {
    this.#set = set;
  }

  /** Where a message is used: its definition, closed. */
  reference(typeName: string): SchemaNode {
    this.#want(typeName);
    return { $ref: `#/$defs/${typeName}`, unevaluatedProperties: false };
  }

  /** Defines all that was referred to, until nothing new is. */
  drain(): void {
    for (let name = this.#waiting.pop(); name !== undefined; name = this.#waiting.pop()) {
      this.definitions.set(name, name === anyType ? this.#any() : this.#message(name));
    }
  }

  #want(typeName: string): void {
    if (this.definitions.has(typeName)) return;
    this.definitions.set(typeName, {});
    this.#waiting.push(typeName);
  }

  #message(typeName: string): SchemaNode {
    const shape = this.#set.message(typeName);
    if (shape === undefined) return { type: "object" };
    const properties: SchemaNode = {};
    for (const field of shape.fields) {
      properties[field.name] = this.#field(field);
      if (field.jsonName !== field.name) {
        properties[field.jsonName] = { $ref: `#/$defs/${typeName}/properties/${field.name}` };
      }
    }
    const required = shape.fields.filter(isRequired).map((field) => anyOf([field.name, field.jsonName]));
    const allOf = [...required, ...oneofsOf(shape)];
    return { type: "object", properties, ...(allOf.length > 0 && { allOf }) };
  }

  #field(field: FieldShape): SchemaNode {
    const value = this.#value(field);
    const notes = field.deprecated === true ? { deprecated: true } : {};
    const { repeated, map } = (field.rules ?? {}) as Record<string, { [name: string]: RuleValue } | undefined>;
    if (field.mapKey !== undefined) {
      return { type: "object", additionalProperties: value, ...size(map, "pairs", "Properties"), ...notes };
    }
    if (field.repeated !== true) return { ...value, ...notes };
    // One value may stand for a list of one.
    return { anyOf: [{ type: "array", items: value, ...size(repeated, "items", "Items") }, value], ...notes };
  }

  #value(field: FieldShape): SchemaNode {
    const { typeName = "" } = field;
    if (field.type === "message") return wellKnown(field) ?? this.reference(typeName);
    if (field.type === "enum") {
      const names = Object.keys(this.#set.enum(typeName)?.values ?? {});
      return { anyOf: [{ enum: names }, { type: "integer" }] };
    }
    return scalar(field.type, field.repeated === true ? undefined : field.rules);
  }

  // The message that "@type" names, checked as that message; other types are left to the program.
  #any(): SchemaNode {
    const types = [...this.#set.names()].filter(
      (name) => extension.test(name) && this.#set.message(name) !== undefined,
    );
    const cases = types.map((name) => {
      this.#want(name);
      const says = { properties: { "@type": { pattern: `/${name.replaceAll(".", "\\.")}$` } }, required: ["@type"] };
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      return { if: says, then: { $ref: `#/$defs/${name}` } };
    });
    const known = { properties: { "@type": { pattern: `/(?:${extensionRoots})\\.` } }, required: ["@type"] };
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    const free = { if: { not: known }, then: { unevaluatedProperties: true } };
    return { type: "object", properties: { "@type": { type: "string", pattern: ".+/.+" } }, allOf: [...cases, free] };
  }
}

function oneofsOf(shape: MessageShape): SchemaNode[] {
  const members = Map.groupBy(
    shape.fields.filter((field) => field.oneof !== undefined),
    (field) => field.oneof,
  );
  return [...members].map(([oneof, fields]) => {
    const present = fields.map((field) => anyOf([field.name, field.jsonName]));
    const must = shape.requiredOneofs?.includes(oneof ?? "") === true;
    return { oneOf: must ? present : [...present, { not: { anyOf: present } }] };
  });
}

function anyOf(names: readonly string[]): SchemaNode {
  const [first, second] = names;
  if (first === second || second === undefined) return { required: [first] };
  return { anyOf: [{ required: [first] }, { required: [second] }] };
}

function isRequired(field: FieldShape): boolean {
  if (field.oneof !== undefined) return false;
  const rules = (field.rules ?? {}) as Record<string, { [name: string]: RuleValue } | undefined>;
  if (["message", "duration", "any", "timestamp"].some((kind) => rules[kind]?.["required"] === true)) return true;
  return field.type === "string" && Number(rules["string"]?.["min_len"] ?? 0) > 0 && field.repeated !== true;
}

function wellKnown(field: FieldShape): SchemaNode | null {
  const name = (field.typeName ?? "").replace(/^google\.protobuf\./, "");
  if (name === field.typeName || field.typeName === anyType) return null;
  const rules = field.repeated === true ? undefined : field.rules;
  switch (name) {
    case "Duration":
      return durationNode(rules);
    case "Struct":
    case "Empty":
      return { type: "object" };
    case "ListValue":
      return { type: "array" };
    case "Value":
      return {};
    case "Timestamp":
      return { type: "string", format: "date-time" };
    case "FieldMask":
      return { type: "string" };
    default:
      return scalar(wrapped[name] ?? "string", rules);
  }
}

function durationNode(rules: Rules | undefined): SchemaNode {
  // Only "more than nothing" is said here; other bounds of time are left to the program.
  const { gt } = (rules?.["duration"] ?? {}) as { gt?: RuleValue };
  const zero = gt !== undefined && Object.keys(gt).length === 0 ? "(?!0+(?:\\.0+)?s$)" : "";
  const object = { type: "object", properties: { seconds: {}, nanos: {} }, additionalProperties: false };
  return { anyOf: [{ type: "string", pattern: `^${zero}\\d+(?:\\.\\d{1,9})?s$` }, object] };
}

function scalar(type: string, rules: Rules | undefined): SchemaNode {
  if (type === "bool") return { type: "boolean" };
  if (type === "bytes") return { type: "string", contentEncoding: "base64" };
  if (type === "string") return textNode((rules?.["string"] ?? {}) as { [name: string]: RuleValue });
  const range = (rules?.[type] ?? {}) as { [name: string]: RuleValue };
  const number: SchemaNode = { type: type === "double" || type === "float" ? "number" : "integer" };
  const unsigned = type.startsWith("uint") || type.startsWith("fixed");
  const bounds = {
    ...(unsigned && { minimum: 0 }),
    ...(range["gte"] !== undefined && { minimum: range["gte"] }),
    ...(range["gt"] !== undefined && { exclusiveMinimum: range["gt"] }),
    ...(range["lte"] !== undefined && { maximum: range["lte"] }),
    ...(range["lt"] !== undefined && { exclusiveMaximum: range["lt"] }),
  };
  return {
    anyOf: [
      { ...number, ...bounds },
      { type: "string", pattern: "^[+-]?[0-9.xXa-fA-F]+(?:[eE][+-]?\\d+)?$|^NaN$|^-?Infinity$" },
    ],
  };
}

function textNode(rule: { readonly [name: string]: RuleValue }): SchemaNode {
  return {
    type: "string",
    ...(rule["min_len"] !== undefined && rule["ignore_empty"] !== true && { minLength: rule["min_len"] }),
    ...(rule["max_len"] !== undefined && { maxLength: rule["max_len"] }),
    ...(rule["pattern"] !== undefined && { pattern: rule["pattern"] }),
    ...(Array.isArray(rule["in"]) && { enum: rule["in"] }),
  };
}

function size(rule: { readonly [name: string]: RuleValue } | undefined, what: string, keyword: string): SchemaNode {
  const least = rule?.[`min_${what}`];
  const most = rule?.[`max_${what}`];
  return {
    ...(least !== undefined && { [`min${keyword}`]: least }),
    ...(most !== undefined && { [`max${keyword}`]: most }),
  };
}

const anyType = "google.protobuf.Any";
const extensionRoots = "envoy\\.extensions|starling";
const extension = /^(?:envoy\.extensions\..*\.v3|starling\..*\.v1)\.[A-Z]\w+$/;
const wrapped: Readonly<Record<string, string | undefined>> = {
  DoubleValue: "double",
  FloatValue: "float",
  Int64Value: "int64",
  UInt64Value: "uint64",
  Int32Value: "int32",
  UInt32Value: "uint32",
  BoolValue: "bool",
  StringValue: "string",
  BytesValue: "bytes",
};
