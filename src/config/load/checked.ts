// The data that load/ hands to compile/: messages checked against the descriptors, each with where it stood in which file.
// Written by load/, read by compile/ through fields.ts. Never holds a descriptor, a YAML node or a promise.

/** Where something stood: file as the user named it, line and column counted from 1; both 0 for a flag or variable, which `file` names. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing said about a configuration. `path` is Envoy-like: `static_resources.listeners[0].name`; "" is the whole file. */
export interface Diagnostic extends Position {
  readonly path: string;
  readonly message: string;
}

/** What google.protobuf.Value can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A google.protobuf.Struct, Value or ListValue, kept as it was written. */
export interface CheckedJson {
  readonly kind: "json";
  readonly value: JsonValue;
}

/** A proto map. Keys are text whatever the map's key type; `entries` has no prototype and keeps the file's order. */
export interface CheckedMap {
  readonly kind: "map";
  readonly entries: Readonly<Record<string, CheckedValue>>;
}

/**
 * One message that passed every check.
 * A google.protobuf.Any is the message inside it: `type` then names the inner type, and `wrapper` says how it was packed.
 */
export interface CheckedMessage {
  readonly kind: "message";
  /** Full name without the URL prefix, e.g. `envoy.config.bootstrap.v3.Bootstrap`. */
  readonly type: string;
  /** Present fields only, by their proto (snake_case) name. */
  readonly fields: Readonly<Record<string, CheckedValue>>;
  /** Where each present field's name stood. */
  readonly positions: Readonly<Record<string, Position>>;
  readonly position: Position;
  readonly path: string;
  /** Set when the message came out of a TypedStruct: config_dump prints it as it was written. */
  readonly wrapper?: { readonly type: string; readonly value: JsonValue };
}

/**
 * One field's value: Duration is milliseconds, Timestamp is RFC 3339 text, wrapper types are the bare value, enums their
 * value's name (an unknown number as its digits), bytes a Uint8Array, 64-bit integers numbers below 2^53, FieldMask text.
 */
export type CheckedValue =
  | string
  | number
  | boolean
  | Uint8Array
  | CheckedMessage
  | CheckedMap
  | CheckedJson
  | readonly CheckedValue[];

/** What loading a file gives: every error and warning at once. `message` is null exactly when there is an error. */
export interface LoadResult {
  readonly message: CheckedMessage | null;
  /** What could be read beside the errors; equals `message` when there is none. Never to be acted on. */
  readonly readable: CheckedMessage | null;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}
