// The rules written beside fields for protoc-gen-validate: lengths, ranges, patterns, required, counts.
// Called by check-message.ts for every field of a message, present or not; each function returns what is broken, or null.
import type { FieldShape, Rules, RuleValue } from "../schema/shape.ts";
import type { CheckedValue } from "./checked.ts";
import { hasTextForm } from "./text-forms.ts";

/**
 * What a field's value breaks, or null. For an absent one (undefined) only what proto3's default value breaks counts.
 * `enumNumber` gives an enum value's number from its name.
 */
export function brokenRule(
  field: FieldShape,
  value: CheckedValue | undefined,
  enumNumber: (name: string) => number,
): string | null {
  const { rules } = field;
  if (rules === undefined) return null;
  if (value === undefined && field.oneof === undefined && isRequired(rules)) return `${field.name} is required`;
  if (field.mapKey !== undefined)
    return value === undefined && rules["map"] === undefined ? null : brokenMap(rules, value, enumNumber);
  if (field.repeated === true) return brokenRepeated(rules, value, enumNumber);
  // Messages, wrappers and members of a oneof have presence: their rules bind only when they are there.
  const hasPresence = field.type === "message" || field.oneof !== undefined;
  const seen = value ?? (hasPresence ? undefined : defaultOf(field));
  return seen === undefined ? null : brokenValue(rules, seen, enumNumber);
}

/** Whether `message.required` or one of its kind is set. */
function isRequired(rules: Rules): boolean {
  return requiringKinds.some((kind) => tree(rules[kind])?.["required"] === true);
}

function brokenMap(rules: Rules, value: CheckedValue | undefined, enumNumber: EnumNumber): string | null {
  const map = tree(rules["map"]);
  if (map === undefined) return null;
  const entries = isMap(value) ? Object.entries(value.entries) : [];
  const few = brokenCount(map, entries.length, "pairs");
  if (few !== null) return few;
  const keys = tree(map["keys"]);
  const values = tree(map["values"]);
  for (const [key, one] of entries) {
    const broken = (keys && brokenValue(keys, key, enumNumber)) ?? (values && brokenValue(values, one, enumNumber));
    if (broken) return `${key}: ${broken}`;
  }
  return null;
}

function brokenRepeated(rules: Rules, value: CheckedValue | undefined, enumNumber: EnumNumber): string | null {
  const repeated = tree(rules["repeated"]);
  if (repeated === undefined) return null;
  const items = Array.isArray(value) ? (value as readonly CheckedValue[]) : [];
  const few = brokenCount(repeated, items.length, "items");
  if (few !== null) return few;
  if (repeated["unique"] === true && new Set(items).size !== items.length) return "the items must differ";
  const each = tree(repeated["items"]);
  if (each === undefined) return null;
  for (const [at, item] of items.entries()) {
    const broken = brokenValue(each, item, enumNumber);
    if (broken !== null) return `item ${at}: ${broken}`;
  }
  return null;
}

function brokenCount(rule: Rules, count: number, what: "items" | "pairs"): string | null {
  const least = rule[`min_${what}`];
  const most = rule[`max_${what}`];
  if (count === 0 && rule["ignore_empty"] === true) return null;
  if (typeof least === "number" && count < least)
    return `at least ${least} ${least === 1 ? "entry is" : "entries are"} required`;
  if (typeof most === "number" && count > most) return `at most ${most} entries are allowed, not ${count}`;
  return null;
}

function brokenValue(rules: Rules, value: CheckedValue, enumNumber: EnumNumber): string | null {
  for (const [kind, written] of Object.entries(rules)) {
    const rule = tree(written);
    if (rule === undefined) continue;
    if (kind === "string" && typeof value === "string") return brokenText(rule, value);
    if (kind === "enum" && typeof value === "string") return brokenEnum(rule, value, enumNumber);
    if (kind === "bytes" && value instanceof Uint8Array) return brokenLength(rule, value.length, "bytes");
    if (kind === "duration" && typeof value === "number") return brokenRange(rule, value, durationMillis);
    if (kind === "bool" && typeof value === "boolean") {
      return rule["const"] !== undefined && rule["const"] !== value ? `must be ${rule["const"]}` : null;
    }
    if (kind === "any") return brokenAny(rule, value);
    if (typeof value === "number" && numberKinds.test(kind)) return brokenRange(rule, value, plainNumber);
  }
  return null;
}

function brokenText(rule: Rules, value: string): string | null {
  if (value === "" && rule["ignore_empty"] === true) return null;
  const characters = brokenLength(rule, [...value].length, "characters") ?? brokenBytes(rule, value);
  if (characters !== null) return characters;
  const { prefix, suffix, contains, not_contains: absent, pattern } = rule as Record<string, RuleValue | undefined>;
  if (rule["const"] !== undefined && value !== rule["const"]) return `must be ${JSON.stringify(rule["const"])}`;
  if (typeof prefix === "string" && !value.startsWith(prefix)) return `must start with ${JSON.stringify(prefix)}`;
  if (typeof suffix === "string" && !value.endsWith(suffix)) return `must end with ${JSON.stringify(suffix)}`;
  if (typeof contains === "string" && !value.includes(contains)) return `must contain ${JSON.stringify(contains)}`;
  if (typeof absent === "string" && value.includes(absent)) return `may not contain ${JSON.stringify(absent)}`;
  if (typeof pattern === "string" && !patternOf(pattern).test(value)) return `must match ${pattern}`;
  return brokenChoice(rule, value) ?? hasTextForm(rule, value);
}

function brokenLength(rule: Rules, length: number, unit: string): string | null {
  const { len, min_len: least, max_len: most } = rule as Record<string, RuleValue | undefined>;
  if (typeof len === "number" && length !== len) return `must have ${len} ${unit}`;
  if (typeof least === "number" && length < least) {
    return length === 0 ? "may not be empty" : `must have at least ${least} ${unit}`;
  }
  return typeof most === "number" && length > most ? `may have at most ${most} ${unit}` : null;
}

function brokenBytes(rule: Rules, value: string): string | null {
  const { min_bytes: least, max_bytes: most, len_bytes: len } = rule as Record<string, RuleValue | undefined>;
  if (least === undefined && most === undefined && len === undefined) return null;
  const length = Buffer.byteLength(value);
  if (typeof len === "number" && length !== len) return `must have ${len} bytes`;
  if (typeof least === "number" && length < least)
    return length === 0 ? "may not be empty" : `must have at least ${least} bytes`;
  return typeof most === "number" && length > most ? `may have at most ${most} bytes` : null;
}

// An absent enum is checked as "0", which is always defined.
function brokenEnum(rule: Rules, value: string, enumNumber: EnumNumber): string | null {
  const number = enumNumber(value);
  if (rule["defined_only"] === true && value !== "0" && /^-?\d+$/.test(value)) return `${value} is not a defined value`;
  const inside = list(rule["in"]);
  const outside = list(rule["not_in"]);
  const { const: only } = rule as Record<string, RuleValue | undefined>;
  const fits = (inside.length === 0 || inside.includes(number)) && !outside.includes(number);
  return fits && (only === undefined || only === number) ? null : `may not be ${value}`;
}

function brokenChoice(rule: Rules, value: string | number): string | null {
  const inside = list(rule["in"]);
  if (inside.length > 0 && !inside.includes(value)) return `must be one of ${inside.join(", ")}`;
  return list(rule["not_in"]).includes(value) ? `may not be ${value}` : null;
}

// A lower bound above the upper one means "outside of the two", as protoc-gen-validate defines it.
function brokenRange(
  rule: Rules,
  value: number,
  toNumber: (bound: RuleValue | undefined) => number | undefined,
): string | null {
  if (value === 0 && rule["ignore_empty"] === true) return null;
  const [gt, gte, lt, lte] = [toNumber(rule["gt"]), toNumber(rule["gte"]), toNumber(rule["lt"]), toNumber(rule["lte"])];
  const unit = toNumber === durationMillis ? "ms" : "";
  const above = (gt === undefined || value > gt) && (gte === undefined || value >= gte);
  const below = (lt === undefined || value < lt) && (lte === undefined || value <= lte);
  const outside = (gt ?? gte ?? -Infinity) > (lt ?? lte ?? Infinity);
  const wanted = [bound(">", gt, unit), bound(">=", gte, unit), bound("<", lt, unit), bound("<=", lte, unit)];
  const text = wanted.filter((one) => one !== "").join(outside ? " or " : " and ");
  const fits = outside ? (gt !== undefined || gte !== undefined ? above : false) || below : above && below;
  if (!fits) return `must be ${text}, not ${value}${unit}`;
  const exact = toNumber(rule["const"]);
  if (exact !== undefined && exact !== value) return `must be ${exact}${unit}`;
  return toNumber === plainNumber ? brokenChoice(rule, value) : null;
}

function brokenAny(rule: Rules, value: CheckedValue): string | null {
  const type = typeof value === "object" && "type" in value ? `type.googleapis.com/${value.type}` : "";
  return brokenChoice(rule, type);
}

function bound(sign: string, value: number | undefined, unit: string): string {
  return value === undefined ? "" : `${sign} ${value}${unit}`;
}

function plainNumber(value: RuleValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function durationMillis(value: RuleValue | undefined): number | undefined {
  const { seconds = 0, nanos = 0 } = tree(value) ?? {};
  return value === undefined ? undefined : Number(seconds) * 1000 + Number(nanos) / 1e6;
}

function defaultOf(field: FieldShape): CheckedValue | undefined {
  if (field.type === "string") return "";
  if (field.type === "bytes") return new Uint8Array(0);
  if (field.type === "bool") return false;
  return field.type === "enum" ? "0" : 0;
}

function patternOf(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(pattern, "su");
  patterns.set(pattern, made);
  return made;
}

function tree(value: RuleValue | undefined): { readonly [name: string]: RuleValue } | undefined {
  return typeof value === "object" && !Array.isArray(value) ? (value as { [name: string]: RuleValue }) : undefined;
}

function list(value: RuleValue | undefined): readonly RuleValue[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly RuleValue[]) : [value];
}

function isMap(value: CheckedValue | undefined): value is Extract<CheckedValue, { kind: "map" }> {
  return typeof value === "object" && "kind" in value && value.kind === "map";
}

type EnumNumber = (name: string) => number;

const requiringKinds: readonly string[] = ["message", "duration", "any", "timestamp"];
const numberKinds = /^(?:float|double|s?u?int(?:32|64)|s?fixed(?:32|64))$/;
const patterns = new Map<string, RegExp>();
