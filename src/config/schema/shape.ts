// What a descriptor says, as plain data: messages, fields, enums and the rules written beside them in the .proto files.
// Made by link.ts and later.ts, read by load/. Holds no parser state and no values.

/** The scalar kinds of proto3. */
export type ScalarKind =
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** A rule tree as written for protoc-gen-validate, e.g. `{ string: { min_len: 1 } }`; numbers are numbers, enum words text. */
export type RuleValue = string | number | boolean | readonly RuleValue[] | { readonly [name: string]: RuleValue };

/** The rules of one field. */
export type Rules = { readonly [name: string]: RuleValue };

/** One field. For a map `type`/`typeName` are the value's, and `mapKey` is present. */
export interface FieldShape {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: ScalarKind | "message" | "enum";
  /** Full name of the message or enum type. */
  readonly typeName?: string;
  readonly repeated?: true;
  readonly mapKey?: ScalarKind;
  /** Name of the oneof it belongs to. */
  readonly oneof?: string;
  readonly deprecated?: true;
  /** envoy.annotations.disallowed_by_default: refused unless a runtime key allows it. */
  readonly disallowed?: true;
  /** udpa.annotations.sensitive: config_dump prints [redacted]. */
  readonly sensitive?: true;
  /** protoc-gen-validate's rules. */
  readonly rules?: Rules;
}

/** One message. */
export interface MessageShape {
  readonly kind: "message";
  readonly name: string;
  readonly fields: readonly FieldShape[];
  /** Oneofs that must be set. */
  readonly requiredOneofs?: readonly string[];
  readonly deprecated?: true;
}

/** One enum: its values by name, in declaration order. */
export interface EnumShape {
  readonly kind: "enum";
  readonly name: string;
  readonly values: { readonly [name: string]: number };
  readonly deprecatedValues?: readonly string[];
  readonly disallowedValues?: readonly string[];
}

/** Anything that has a full name. */
export type TypeShape = MessageShape | EnumShape;
