// Makes the smallest value that a descriptor's rules allow, so that every field can be tried. Used by support-probe.ts.

import type { CheckedValue, JsonValue } from "../../../src/config/load/checked.ts";
import { brokenRule } from "../../../src/config/load/rules.ts";
import { readDuration } from "../../../src/config/load/scalars.ts";
import { loadDescriptorSet } from "../../../src/config/schema/descriptor-set.ts";
import type { FieldShape, MessageShape } from "../../../src/config/schema/shape.ts";

/** A JSON object. */
export type JsonObject = { [name: string]: JsonValue };

/** What a type's own rules do not say: values with which a message stands for something that is served. */
export type Templates = Readonly<Record<string, JsonObject | undefined>>;

/** The smallest valid message of this type, from its template or from its rules. */
export function sampleMessage(typeName: string, templates: Templates, depth = 0): JsonValue {
  const template = templates[typeName];
  if (template !== undefined) return structuredClone(template);
  const wellKnown = wellKnownSamples[typeName];
  if (wellKnown !== undefined) return wellKnown;
  const made: JsonObject = {};
  const shape = loadDescriptorSet().message(typeName);
  if (shape === undefined || depth > depthMax) return made;
  for (const field of shape.fields) {
    if (field.oneof !== undefined || field.rules === undefined) continue;
    if (brokenRule(field, undefined, () => 0) !== null) made[field.name] = sampleField(field, templates, depth + 1);
  }
  for (const oneof of shape.requiredOneofs ?? []) {
    const member = memberOf(shape, oneof);
    if (member !== undefined) made[member.name] = sampleField(member, templates, depth + 1);
  }
  return made;
}

/** A value of the field with its list or map around it; scalars differ from proto3's default where the rules let them. */
export function sampleField(field: FieldShape, templates: Templates, depth = 0): JsonValue {
  const one = sampleOne(field, templates, depth);
  if (field.mapKey !== undefined) return { [field.mapKey === "string" ? "k" : "1"]: one };
  return field.repeated === true ? [one] : one;
}

/** Every value worth trying for a field: each name of an enum, one value of every other kind. */
export function sampleValues(field: FieldShape, templates: Templates): readonly JsonValue[] {
  if (field.type !== "enum") return [sampleField(field, templates)];
  const shape = loadDescriptorSet().enum(field.typeName ?? "");
  const gone = shape?.disallowedValues ?? [];
  const names = Object.keys(shape?.values ?? {}).filter((name) => !gone.includes(name) && fits(field, name));
  return names.map((name) => (field.repeated === true ? [name] : name));
}

// The first member that is a scalar or has a template, else the first: rule trees that contain themselves end so.
function memberOf(shape: MessageShape, oneof: string): FieldShape | undefined {
  const members = shape.fields.filter((field) => field.oneof === oneof && field.disallowed !== true);
  return members.find((field) => field.type !== "message") ?? members[0];
}

function sampleOne(field: FieldShape, templates: Templates, depth: number): JsonValue {
  switch (field.type) {
    case "message":
      return sampleMessageField(field, templates, depth);
    case "enum": {
      const values = Object.keys(loadDescriptorSet().enum(field.typeName ?? "")?.values ?? {});
      return values.toReversed().find((name) => fits(field, name)) ?? 0;
    }
    case "bool":
      return true;
    case "string":
      return [...texts, ...allowedTexts(field)].find((text) => fits(field, text)) ?? longText(field);
    case "bytes":
      return "eHh4eA==";
    default:
      return numbers.find((number) => fits(field, number)) ?? 1;
  }
}

function sampleMessageField(field: FieldShape, templates: Templates, depth: number): JsonValue {
  const type = field.typeName ?? "";
  if (type === "google.protobuf.Duration") {
    return durations.find((text) => fits(field, Number(readDuration(text)))) ?? "1s";
  }
  if (/(?:Int|UInt)\d+Value$|DoubleValue$|FloatValue$/.test(type)) {
    return numbers.find((number) => fits(field, number)) ?? 1;
  }
  if (type === "google.protobuf.StringValue") return texts.find((text) => fits(field, text)) ?? "x";
  return sampleMessage(type, templates, depth);
}

function fits(field: FieldShape, value: CheckedValue): boolean {
  const values = loadDescriptorSet().enum(field.typeName ?? "")?.values;
  const tried = field.repeated === true ? [value] : value;
  if (field.mapKey !== undefined) return true;
  return brokenRule(field, tried, (name) => values?.[name] ?? Number(name)) === null;
}

function allowedTexts(field: FieldShape): readonly string[] {
  const found = /"in":(\[[^\]]*\])/.exec(JSON.stringify(field.rules ?? {}))?.[1];
  return found === undefined ? [] : (JSON.parse(found) as string[]);
}

function longText(field: FieldShape): string {
  for (let length = 2; length < 100; length++) if (fits(field, "x".repeat(length))) return "x".repeat(length);
  return "x";
}

const depthMax = 20;
const texts: readonly string[] = [
  "x",
  "/x",
  "127.0.0.1",
  "http://x/",
  "x.mmdb",
  "00000000-0000-4000-8000-000000000000",
  "",
];
const numbers: readonly number[] = [1, 2, 10, 100, 200, 300, 500, 1024, 65535, 65536, 1_000_000, 0];
const durations: readonly string[] = ["1s", "0.5s", "0.1s", "0.001s", "5s", "60s", "600s", "0s"];
const wellKnownSamples: Readonly<Record<string, JsonValue | undefined>> = {
  "google.protobuf.Any": { "@type": "type.googleapis.com/google.protobuf.Struct", value: {} },
  "google.protobuf.Struct": { x: 1 },
  "google.protobuf.Value": "x",
  "google.protobuf.ListValue": ["x"],
  "google.protobuf.Timestamp": "2026-01-31T12:00:00Z",
  "google.protobuf.FieldMask": "x",
  "google.protobuf.BoolValue": true,
  "google.protobuf.BytesValue": "eHh4eA==",
  "google.protobuf.Duration": "1s",
  "google.protobuf.StringValue": "x",
};
