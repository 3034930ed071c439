// Gives a written scalar the meaning its field's type asks for, as Envoy's YAML reader and protobuf's JSON reader do together.
// Called by check-message.ts. Every function returns the value or a `Fault`, text that says what is wrong; none throws.

import { didYouMean } from "../../base/did-you-mean.ts";
import type { EnumShape, ScalarKind } from "../schema/shape.ts";
import type { WrittenScalar } from "./written.ts";

/** Why a scalar does not fit. `unknownName`: an enum value that the schema lacks. */
export interface Fault {
  readonly fault: string;
  readonly unknownName?: true;
}

/** Whether a reading failed. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "fault" in value;
}

/** The scalar as a value of this proto kind. Strings always succeed (see `misreadText` for what Envoy says). */
export function readScalar(kind: ScalarKind, scalar: WrittenScalar): string | number | boolean | Uint8Array | Fault {
  switch (kind) {
    case "string":
      return scalar.text;
    case "bytes":
      return readBytes(scalar.text);
    case "bool":
      return readBool(scalar);
    case "double":
    case "float":
      return readDecimal(scalar, kind);
    default:
      return readInteger(scalar, kind);
  }
}

/** What Envoy's YAML reader takes a plain scalar of a string field for, and so refuses it; null when it reads text too. */
export function misreadText(scalar: WrittenScalar): string | null {
  if (!scalar.plain) return null;
  if (yamlBool(scalar.text) !== null) return "a bool";
  const integer = yamlInteger(scalar.text);
  return integer !== null && integer >= -(2 ** 31) && integer < 2 ** 31 ? "a number" : null;
}

/** The name of an enum's value, from its name (any case) or number. An undefined number is its digits. */
export function readEnum(shape: EnumShape, scalar: WrittenScalar): string | Fault {
  const { text } = scalar;
  if (Object.hasOwn(shape.values, text)) return text;
  const names = Object.keys(shape.values);
  const integer = yamlInteger(text);
  if (integer !== null) return names.find((name) => shape.values[name] === integer) ?? String(integer);
  const upper = text.toUpperCase();
  const found = names.find((name) => name.toUpperCase() === upper);
  if (found !== undefined) return found;
  const hint = didYouMean(text, names);
  const choice = names.length <= 12 ? `, one of ${names.join(", ")}` : "";
  return { fault: `${quote(text)} is no value of ${shape.name}${hint === "" ? choice : hint}`, unknownName: true };
}

/** Milliseconds of `1.5s`; protobuf's limits (10,000 years, nanoseconds), and not negative, as Envoy asks wherever it uses one. */
export function readDuration(text: string): number | Fault {
  const found = durationForm.exec(text);
  if (found === null) return { fault: `${quote(text)} is not a duration: write seconds such as 0.25s` };
  return durationOf(Number(found[2]), Number((found[3] ?? "").padEnd(9, "0")), found[1] === "-");
}

/** Milliseconds of seconds and nanoseconds. */
export function durationOf(seconds: number, nanos: number, negative: boolean): number | Fault {
  if (negative && (seconds !== 0 || nanos !== 0)) return { fault: "a duration may not be negative" };
  if (seconds > durationSecondsMax) return { fault: `a duration may not exceed ${durationSecondsMax}s` };
  return seconds * 1000 + nanos / 1e6;
}

/** What a plain scalar is inside a Struct: Envoy's YAML reader knows bools and 32-bit integers and leaves the rest text. */
export function readYamlValue(scalar: WrittenScalar): string | number | boolean {
  if (!scalar.plain) return scalar.text;
  const bool = yamlBool(scalar.text);
  if (bool !== null) return bool;
  const integer = yamlInteger(scalar.text);
  if (integer === null) return scalar.text;
  return integer >= -(2 ** 31) && integer < 2 ** 31 ? integer : BigInt(scalar.text.replace("+", "")).toString();
}

/** What a scalar is inside a Struct of a JSON file. */
export function readJsonValue(scalar: WrittenScalar): string | number | boolean {
  if (!scalar.plain) return scalar.text;
  return scalar.text === "true" ? true : scalar.text === "false" ? false : Number(scalar.text);
}

/** Text in quotes, cut when long, for messages. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

function readBool(scalar: WrittenScalar): boolean | Fault {
  const plain = scalar.plain ? yamlBool(scalar.text) : null;
  if (plain !== null) return plain;
  const lower = scalar.text.toLowerCase();
  const digit = scalar.plain && (lower === "0" || lower === "1");
  if (!digit && textTrue.has(lower)) return true;
  if (!digit && textFalse.has(lower)) return false;
  return { fault: `${quote(scalar.text)} is not a bool: write true or false` };
}

function readInteger(scalar: WrittenScalar, kind: ScalarKind): number | Fault {
  const { text } = scalar;
  if (scalar.plain && yamlBool(text) !== null) return { fault: `${text} is a bool where an integer is wanted` };
  const value = (scalar.plain ? yamlInteger(text) : hexInteger(text)) ?? decimalOf(text);
  if (value === null || Number.isNaN(value)) return { fault: `${quote(text)} is not an integer` };
  if (!Number.isInteger(value)) return { fault: `${quote(text)} is not a whole number` };
  const wide = kind.includes("64");
  const unsigned = kind.startsWith("uint") || kind.startsWith("fixed");
  const most = wide ? Number.MAX_SAFE_INTEGER : unsigned ? 2 ** 32 - 1 : 2 ** 31 - 1;
  const least = unsigned ? 0 : wide ? Number.MIN_SAFE_INTEGER : -(2 ** 31);
  if (value > most || value < least) return { fault: `${text} is out of range: ${least} to ${most}` };
  return value;
}

function readDecimal(scalar: WrittenScalar, kind: "double" | "float"): number | Fault {
  const { text } = scalar;
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text);
  if (scalar.plain && yamlBool(text) !== null) return { fault: `${text} is a bool where a number is wanted` };
  const value = (scalar.plain ? yamlInteger(text) : hexInteger(text)) ?? decimalOf(text);
  if (value === null) return { fault: `${quote(text)} is not a number` };
  if (!Number.isFinite(kind === "float" ? Math.fround(value) : value)) return { fault: `${text} is out of range` };
  return value;
}

function readBytes(text: string): Uint8Array | Fault {
  const plain = text.replace(/=+$/, "");
  if (!base64.test(plain) || plain.length % 4 === 1) return { fault: `${quote(text)} is not base64` };
  return Buffer.from(plain, "base64url");
}

// yaml-cpp's words, in lower, upper or capitalised form only.
function yamlBool(text: string): boolean | null {
  if (!yamlBools.test(text)) return null;
  return /^[yto]/i.test(text) && text.toLowerCase() !== "off";
}

// yaml-cpp reads the base off the front, as C does: 010 is eight.
function yamlInteger(text: string): number | null {
  if (/^[+-]?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  if (/^[+-]?(?:0|[1-9]\d*)$/.test(text)) return Number(text);
  return hexInteger(text);
}

function hexInteger(text: string): number | null {
  return /^[+-]?0[xX][0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : null;
}

function decimalOf(text: string): number | null {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

const durationForm = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;
const durationSecondsMax = 315_576_000_000;
const base64 = /^[A-Za-z0-9+/_-]*$/;
const yamlBools = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const textTrue: ReadonlySet<string> = new Set(["true", "t", "yes", "y", "1"]);
const textFalse: ReadonlySet<string> = new Set(["false", "f", "no", "n", "0"]);
