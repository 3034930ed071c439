// Checks a written tree against a message's descriptor and makes the checked message, complaining about all that is wrong.
// Called by load-config.ts; well-known.ts calls back for what stands inside an Any. Never stops at the first mistake.

import { didYouMean } from "../../base/did-you-mean.ts";
import type { FieldShape, MessageShape } from "../schema/shape.ts";
import { below, type CheckContext, describe, uniqueEntries } from "./check-context.ts";
import type { CheckedMessage, CheckedValue, Position } from "./checked.ts";
import { insteadOf } from "./instead-of.ts";
import { brokenRule } from "./rules.ts";
import { isFault, misreadText, readEnum, readScalar } from "./scalars.ts";
import { notWellKnown, readWellKnown } from "./well-known.ts";
import type { Written, WrittenEntry, WrittenMap, WrittenScalar } from "./written.ts";

/** The message of this type, or undefined when the tree cannot be one. Complaints decide whether it may be used. */
export function checkMessage(
  context: CheckContext,
  typeName: string,
  written: Written,
  path: string,
): CheckedMessage | undefined {
  const { complaints } = context;
  const shape = context.set.message(typeName);
  if (shape === undefined) {
    complaints.error(
      written.position,
      path,
      `messages of type ${typeName} cannot be read: their description is missing`,
    );
    return undefined;
  }
  if (written.kind !== "map" && written.kind !== "null") {
    complaints.error(written.position, path, `wants a mapping (${typeName}), not ${describe(written)}`);
    return undefined;
  }
  if (context.depth >= messageDepthMax) {
    complaints.error(written.position, path, `messages nest more than ${messageDepthMax} deep`);
    return undefined;
  }
  const { optionalAt } = context;
  context.optionalAt = saysOptional(written) ? path : null;
  context.depth++;
  const fields: Record<string, CheckedValue> = Object.create(null);
  const positions: Record<string, Position> = Object.create(null);
  if (written.kind === "map") readFields(context, shape, written, path, fields, positions);
  checkRules(context, shape, written, path, fields, positions);
  context.depth--;
  context.optionalAt = optionalAt;
  return { kind: "message", type: typeName, fields, positions, position: written.position, path };
}

/** Whether a filter may be one that nobody knows. */
function saysOptional(written: Written): boolean {
  if (written.kind !== "map") return false;
  const entry = written.entries.find(({ key }) => key === "is_optional" || key === "isOptional");
  return entry?.value.kind === "scalar" && entry.value.text === "true";
}

function readFields(
  context: CheckContext,
  shape: MessageShape,
  map: WrittenMap,
  path: string,
  fields: Record<string, CheckedValue>,
  positions: Record<string, Position>,
): void {
  const known = context.set.fields(shape);
  const oneofs = new Map<string, string>();
  for (const entry of uniqueEntries(context, map, path, (key) => known.get(key)?.name ?? key)) {
    const field = known.get(entry.key);
    const at = below(path, field?.name ?? entry.key);
    if (field === undefined) {
      const names = shape.fields.map((one) => one.name);
      const hint = insteadOf(shape.name, entry.key) || didYouMean(entry.key, names);
      context.complaints.unknown(entry.position, at, `${shape.name} has no field ${entry.key}${hint}`);
      continue;
    }
    const value = readField(context, field, entry.value, at);
    if (value === undefined) continue;
    noteOneof(context, shape, field, entry, at, oneofs);
    noteDeprecation(context, shape, field, entry, at);
    fields[field.name] = value;
    positions[field.name] = entry.position;
  }
}

function noteOneof(
  context: CheckContext,
  shape: MessageShape,
  field: FieldShape,
  entry: WrittenEntry,
  path: string,
  oneofs: Map<string, string>,
): void {
  if (field.oneof === undefined) return;
  const before = oneofs.get(field.oneof);
  if (before === undefined) oneofs.set(field.oneof, field.name);
  else {
    const says = `${field.name} and ${before} exclude each other (${field.oneof} of ${shape.name})`;
    context.complaints.error(entry.position, path, says);
  }
}

function noteDeprecation(
  context: CheckContext,
  shape: MessageShape,
  field: FieldShape,
  entry: WrittenEntry,
  path: string,
): void {
  const gone = field.disallowed === true || field.name.startsWith("hidden_envoy_deprecated_");
  if (gone) context.complaints.error(entry.position, path, `${field.name} of ${shape.name} is no longer allowed`);
  else if (field.deprecated === true) {
    context.complaints.warn(
      entry.position,
      path,
      `${field.name} of ${shape.name} is deprecated${insteadOf(shape.name, field.name)}`,
    );
  }
}

function readField(context: CheckContext, field: FieldShape, written: Written, path: string): CheckedValue | undefined {
  if (written.kind === "null" && field.typeName !== "google.protobuf.Value") return undefined;
  if (field.mapKey !== undefined) return readMap(context, field, written, path);
  if (field.repeated !== true) return readOne(context, field, written, path);
  // One value where a list is wanted is a list of one, as protobuf's reader has it.
  if (written.kind !== "list") {
    const only = readOne(context, field, written, `${path}[0]`);
    return only === undefined ? undefined : [only];
  }
  const items: CheckedValue[] = [];
  for (const [at, item] of written.items.entries()) {
    const value = readOne(context, field, item, `${path}[${at}]`);
    if (value !== undefined) items.push(value);
  }
  return items;
}

function readMap(context: CheckContext, field: FieldShape, written: Written, path: string): CheckedValue | undefined {
  if (written.kind !== "map") {
    context.complaints.error(written.position, path, `wants a mapping, not ${describe(written)}`);
    return undefined;
  }
  const entries: Record<string, CheckedValue> = Object.create(null);
  for (const entry of uniqueEntries(context, written, path, (key) => key)) {
    const at = `${path}[${JSON.stringify(entry.key)}]`;
    const key: WrittenScalar = { kind: "scalar", text: entry.key, plain: false, position: entry.position };
    const fault = field.mapKey === undefined ? null : readScalar(field.mapKey, key);
    if (isFault(fault)) context.complaints.error(entry.position, at, `as a key ${fault.fault}`);
    const value = readOne(context, field, entry.value, at);
    if (value !== undefined) entries[entry.key] = value;
  }
  return { kind: "map", entries };
}

function readOne(context: CheckContext, field: FieldShape, written: Written, path: string): CheckedValue | undefined {
  const { typeName = "" } = field;
  if (field.type === "message") {
    const wellKnown = readWellKnown(context, typeName, written, path);
    return wellKnown === notWellKnown ? checkMessage(context, typeName, written, path) : wellKnown;
  }
  if (written.kind === "null") return nullOf(context, field);
  if (written.kind !== "scalar") {
    context.complaints.error(written.position, path, `wants ${wordOf(field)}, not ${describe(written)}`);
    return undefined;
  }
  if (field.type === "enum") return readEnumField(context, typeName, written, path);
  const value = readScalar(field.type, written);
  if (isFault(value)) {
    context.complaints.error(written.position, path, value.fault);
    return undefined;
  }
  if (field.type === "string" || field.type === "bytes") noteMisread(context, written, path);
  return value;
}

function readEnumField(
  context: CheckContext,
  typeName: string,
  written: WrittenScalar,
  path: string,
): string | undefined {
  const shape = context.set.enum(typeName);
  if (shape === undefined) {
    context.complaints.error(
      written.position,
      path,
      `values of ${typeName} cannot be read: its description is missing`,
    );
    return undefined;
  }
  const value = readEnum(shape, written);
  if (isFault(value)) {
    if (value.unknownName === true) context.complaints.unknown(written.position, path, value.fault);
    else context.complaints.error(written.position, path, value.fault);
    return undefined;
  }
  if (shape.disallowedValues?.includes(value) === true) {
    context.complaints.error(written.position, path, `${value} of ${typeName} is no longer allowed`);
  } else if (shape.deprecatedValues?.includes(value) === true) {
    context.complaints.warn(written.position, path, `${value} of ${typeName} is deprecated`);
  }
  return value;
}

// A null item of a list is the default value, as protobuf's reader has it.
function nullOf(context: CheckContext, field: FieldShape): CheckedValue {
  if (field.type === "string") return "";
  if (field.type === "bytes") return new Uint8Array(0);
  if (field.type === "bool") return false;
  if (field.type !== "enum") return 0;
  const values = context.set.enum(field.typeName ?? "")?.values ?? {};
  return Object.keys(values).find((name) => values[name] === 0) ?? "0";
}

function noteMisread(context: CheckContext, written: WrittenScalar, path: string): void {
  const taken = misreadText(written);
  if (taken === null) return;
  const says = `${written.text} is kept as text, but Envoy takes it for ${taken} and refuses it: write "${written.text}"`;
  context.complaints.deviation(written.position, path, says);
}

function checkRules(
  context: CheckContext,
  shape: MessageShape,
  written: Written,
  path: string,
  fields: Readonly<Record<string, CheckedValue>>,
  positions: Readonly<Record<string, Position>>,
): void {
  for (const field of shape.fields) {
    if (field.rules === undefined) continue;
    // A field that was written and could not be read has been complained about already.
    const value = fields[field.name];
    if (value === undefined && wasWritten(written, field)) continue;
    const broken = brokenRule(field, value, (name) => enumNumber(context, field, name));
    if (broken === null) continue;
    context.complaints.error(positions[field.name] ?? written.position, below(path, field.name), broken);
  }
  for (const oneof of shape.requiredOneofs ?? []) {
    const members = shape.fields.filter((field) => field.oneof === oneof);
    if (members.some((field) => fields[field.name] !== undefined || wasWritten(written, field))) continue;
    const names = members.map((field) => field.name).join(", ");
    context.complaints.error(written.position, path, `one of ${names} is required (${oneof} of ${shape.name})`);
  }
}

function wasWritten(written: Written, field: FieldShape): boolean {
  if (written.kind !== "map") return false;
  return written.entries.some(
    (entry) => (entry.key === field.name || entry.key === field.jsonName) && entry.value.kind !== "null",
  );
}

function enumNumber(context: CheckContext, field: FieldShape, name: string): number {
  return context.set.enum(field.typeName ?? "")?.values[name] ?? Number(name);
}

function wordOf(field: FieldShape): string {
  if (field.type === "enum") return `a value of ${field.typeName}`;
  return field.type === "string" ? "text" : field.type === "bytes" ? "base64 text" : `a scalar (${field.type})`;
}

/** As deep messages may nest: protobuf's own limit for JSON. */
const messageDepthMax = 100;
