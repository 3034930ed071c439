// Typed reading of checked messages, with a record of what was read. Called by compile/ for every field it acts on; the record
// is what makes "accepted and not acted on" a warning by name. Never reads YAML and never decides a default.
import type { CheckedMessage, CheckedValue, Diagnostic, JsonValue } from "./checked.ts";

/** A string or enum field (enums by their value's name). Undefined when absent, as with all accessors here. */
export function text(message: CheckedMessage, name: string): string | undefined {
  const value = read(message, name);
  return value === undefined ? undefined : typeof value === "string" ? value : wrong(message, name, "text");
}

/** A google.protobuf.Duration in milliseconds. */
export function millis(message: CheckedMessage, name: string): number | undefined {
  return numeric(message, name, "a duration");
}

/** An integer field or wrapper. */
export function count(message: CheckedMessage, name: string): number | undefined {
  return numeric(message, name, "an integer");
}

/** A float or double field or wrapper. */
export function decimal(message: CheckedMessage, name: string): number | undefined {
  return numeric(message, name, "a number");
}

/** A bool field or wrapper. */
export function flag(message: CheckedMessage, name: string): boolean | undefined {
  const value = read(message, name);
  return value === undefined ? undefined : typeof value === "boolean" ? value : wrong(message, name, "a bool");
}

/** A bytes field. */
export function bytes(message: CheckedMessage, name: string): Uint8Array | undefined {
  const value = read(message, name);
  return value === undefined ? undefined : value instanceof Uint8Array ? value : wrong(message, name, "bytes");
}

/** A Struct, Value or ListValue field as plain JSON. */
export function json(message: CheckedMessage, name: string): JsonValue | undefined {
  const value = read(message, name);
  if (value === undefined) return undefined;
  return hasKind(value, "json") ? value.value : wrong(message, name, "a Struct");
}

/** A message field; for an Any the message inside it. */
export function child(message: CheckedMessage, name: string): CheckedMessage | undefined {
  const value = read(message, name);
  return value === undefined ? undefined : isMessage(value) ? value : wrong(message, name, "a message");
}

/** A repeated message field; an absent one is empty. */
export function children(message: CheckedMessage, name: string): readonly CheckedMessage[] {
  return list(message, name).map((value) => (isMessage(value) ? value : wrong(message, name, "messages")));
}

/** A repeated string or enum field; an absent one is empty. */
export function texts(message: CheckedMessage, name: string): readonly string[] {
  return list(message, name).map((value) => (typeof value === "string" ? value : wrong(message, name, "texts")));
}

/** A repeated number (or Duration, in milliseconds) field; an absent one is empty. */
export function numbers(message: CheckedMessage, name: string): readonly number[] {
  return list(message, name).map((value) => (typeof value === "number" ? value : wrong(message, name, "numbers")));
}

/** A map of scalars, Structs or messages, in the file's order; an absent one is empty. */
export function entries(message: CheckedMessage, name: string): readonly (readonly [string, CheckedValue])[] {
  const value = read(message, name);
  if (value === undefined) return [];
  return hasKind(value, "map") ? Object.entries(value.entries) : wrong(message, name, "a map");
}

/** A map of messages, in the file's order; an absent one is empty. */
export function childEntries(message: CheckedMessage, name: string): readonly (readonly [string, CheckedMessage])[] {
  return entries(message, name).map(([key, value]) => [
    key,
    isMessage(value) ? value : wrong(message, name, "a map of messages"),
  ]);
}

/** Whether the field is present. Counts as reading it: ask only about what is then acted on. */
export function has(message: CheckedMessage, name: string): boolean {
  return read(message, name) !== undefined;
}

/** Which of a oneof's fields is present (marked as read), or undefined. */
export function oneOf<Name extends string>(message: CheckedMessage, names: readonly Name[]): Name | undefined {
  let present: Name | undefined;
  for (const name of names) if (read(message, name) !== undefined) present = name;
  return present;
}

/**
 * Marks fields, with all below them, as dealt with although nothing was read: what has no effect here by design, or is only
 * shown by the admin pages. What is refused needs none: an error ends the matter.
 */
export function acknowledge(message: CheckedMessage, ...names: readonly string[]): void {
  for (const name of names) {
    const value = message.fields[name];
    note(message, name);
    for (const below of value === undefined ? [] : messagesIn(value)) acknowledgeAll(below);
  }
}

/** Marks every present field of the message, with all below it, as dealt with. */
export function acknowledgeAll(message: CheckedMessage): void {
  acknowledge(message, ...Object.keys(message.fields));
}

/** A diagnostic at a field (its own position when it is present, else the message's). */
export function fieldDiagnostic(message: CheckedMessage, name: string, says: string): Diagnostic {
  const position = message.positions[name] ?? message.position;
  return { ...position, path: fieldPath(message, name), message: says };
}

/** A diagnostic at a message. */
export function messageDiagnostic(message: CheckedMessage, says: string): Diagnostic {
  return { ...message.position, path: message.path, message: says };
}

/**
 * One warning for every present field that nobody read, topmost only, in the file's order. Call after compile. `hintOf`: what is added
 * to a field's warning, empty: nothing.
 */
export function unreadFields(message: CheckedMessage, hintOf: UnreadHint = () => ""): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  collectUnread(message, found, hintOf);
  return found;
}

/**
 * Starts noting every field that accessors ask for, present or not, by message type; the function returned stops and gives
 * the record. Acknowledged fields are not in it. The support table is made from it. One recording at a time: a nested start throws.
 */
export function recordAskedFields(): () => ReadonlyMap<string, ReadonlySet<string>> {
  if (asked !== null) throw new Error("asked fields are already being recorded");
  const record = new Map<string, Set<string>>();
  asked = record;
  return () => {
    asked = null;
    return record;
  };
}

type UnreadHint = (type: string, field: string) => string;

function collectUnread(message: CheckedMessage, found: Diagnostic[], hintOf: UnreadHint): void {
  const seen = readOf.get(message);
  for (const [name, value] of Object.entries(message.fields)) {
    if (seen?.has(name) !== true) {
      const says = `${name} of ${message.type} is accepted and not acted on${hintOf(message.type, name)}`;
      found.push(fieldDiagnostic(message, name, says));
      continue;
    }
    for (const below of messagesIn(value)) collectUnread(below, found, hintOf);
  }
}

function messagesIn(value: CheckedValue): readonly CheckedMessage[] {
  if (isMessage(value)) return [value];
  if (Array.isArray(value)) return (value as readonly CheckedValue[]).filter(isMessage);
  if (hasKind(value, "map")) return Object.values(value.entries).filter(isMessage);
  return [];
}

function read(message: CheckedMessage, name: string): CheckedValue | undefined {
  note(message, name);
  if (asked !== null) noteAsked(asked, message, name);
  return message.fields[name];
}

function note(message: CheckedMessage, name: string): void {
  const seen = readOf.get(message);
  if (seen === undefined) readOf.set(message, new Set([name]));
  else seen.add(name);
}

function noteAsked(record: Map<string, Set<string>>, message: CheckedMessage, name: string): void {
  const names = record.get(message.type);
  if (names === undefined) record.set(message.type, new Set([name]));
  else names.add(name);
}

function numeric(message: CheckedMessage, name: string, what: string): number | undefined {
  const value = read(message, name);
  return value === undefined ? undefined : typeof value === "number" ? value : wrong(message, name, what);
}

function list(message: CheckedMessage, name: string): readonly CheckedValue[] {
  const value = read(message, name);
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly CheckedValue[]) : wrong(message, name, "a list");
}

function fieldPath(message: CheckedMessage, name: string): string {
  return message.path === "" ? name : `${message.path}.${name}`;
}

/** Whether a value is a message (type guard for callers of `entries`). */
export function isMessage(value: CheckedValue): value is CheckedMessage {
  return hasKind(value, "message");
}

function hasKind<Kind extends "message" | "map" | "json">(
  value: CheckedValue,
  kind: Kind,
): value is Extract<CheckedValue, { kind: Kind }> {
  return typeof value === "object" && "kind" in value && value.kind === kind;
}

// The schema and the caller disagree: our own mistake, not the user's.
function wrong(message: CheckedMessage, name: string, wanted: string): never {
  throw new TypeError(`${message.type}.${name} is not ${wanted}`);
}

const readOf = new WeakMap<CheckedMessage, Set<string>>();
let asked: Map<string, Set<string>> | null = null;
