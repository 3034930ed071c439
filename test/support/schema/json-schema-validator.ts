// The keywords of JSON Schema (draft 2020-12) that the published schema uses, validated as the specification says.
// Used by the schema's tests only. An unknown keyword throws, so that the schema cannot use what is not checked.
import type { SchemaNode } from "../../../src/config/schema/json-schema.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Whether the value fits the schema. */
export function fitsSchema(root: SchemaNode, value: unknown): boolean {
  return evaluate(root, root, value as Json) !== null;
}

// The names of the properties that were evaluated, or null when the value does not fit.
function evaluate(root: SchemaNode, node: SchemaNode, value: Json): ReadonlySet<string> | null {
  const seen = new Set<string>();
  for (const [keyword, rule] of Object.entries(node)) {
    if (keyword === "unevaluatedProperties") continue;
    const found = check(root, node, keyword, rule, value);
    if (found === null) return null;
    for (const name of found) seen.add(name);
  }
  if (node["unevaluatedProperties"] === true) for (const name of namesOf(value)) seen.add(name);
  return node["unevaluatedProperties"] === false && namesOf(value).some((name) => !seen.has(name)) ? null : seen;
}

function check(
  root: SchemaNode,
  node: SchemaNode,
  keyword: string,
  rule: unknown,
  value: Json,
): ReadonlySet<string> | null {
  const below = (schema: unknown) => evaluate(root, schema as SchemaNode, value);
  switch (keyword) {
    case "$ref":
      return evaluate(root, resolve(root, String(rule)), value);
    case "properties":
      return members(root, rule as { [name: string]: SchemaNode }, value);
    case "additionalProperties":
      return namesOf(value)
        .filter((name) => !Object.hasOwn((node["properties"] ?? {}) as object, name))
        .every((name) => rule !== false && evaluate(root, rule as SchemaNode, member(value, name)) !== null)
        ? new Set(namesOf(value))
        : null;
    case "allOf":
      return union((rule as unknown[]).map(below));
    case "anyOf":
      return some((rule as unknown[]).map(below));
    case "oneOf":
      return exactlyOne((rule as unknown[]).map(below));
    case "not":
      return below(rule) === null ? none : null;
    case "if":
      return below(rule) === null ? none : below(node["then"]);
    case "items":
      return !Array.isArray(value) || value.every((item: Json) => evaluate(root, rule as SchemaNode, item))
        ? none
        : null;
    default:
      return holds(keyword, rule, value) ? none : null;
  }
}

function holds(keyword: string, rule: unknown, value: Json): boolean {
  const text = typeof value === "string" ? value : null;
  const number = typeof value === "number" ? value : null;
  const list = Array.isArray(value) ? value : null;
  switch (keyword) {
    case "type":
      return isType(String(rule), value);
    case "enum":
      return (rule as Json[]).includes(value);
    case "required":
      return list !== null || (rule as string[]).every((name) => namesOf(value).includes(name));
    case "pattern":
      return text === null || new RegExp(String(rule), "u").test(text);
    case "minLength":
      return text === null || text.length >= Number(rule);
    case "maxLength":
      return text === null || text.length <= Number(rule);
    case "minimum":
      return number === null || number >= Number(rule);
    case "exclusiveMinimum":
      return number === null || number > Number(rule);
    case "maximum":
      return number === null || number <= Number(rule);
    case "exclusiveMaximum":
      return number === null || number < Number(rule);
    case "minItems":
      return list === null || list.length >= Number(rule);
    case "maxItems":
      return list === null || list.length <= Number(rule);
    case "minProperties":
      return namesOf(value).length >= Number(rule);
    case "maxProperties":
      return namesOf(value).length <= Number(rule);
    default:
      if (!annotations.has(keyword)) throw new Error(`the keyword ${keyword} is not checked`);
      return true;
  }
}

function members(root: SchemaNode, rules: { [name: string]: SchemaNode }, value: Json): ReadonlySet<string> | null {
  const named = namesOf(value).filter((name) => Object.hasOwn(rules, name));
  const fit = named.every((name) => evaluate(root, rules[name] as SchemaNode, member(value, name)) !== null);
  return fit ? new Set(named) : null;
}

function union(results: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  return results.includes(null) ? null : some(results.length === 0 ? [none] : results);
}

function some(results: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  const good = results.filter((one) => one !== null);
  return good.length === 0 ? null : new Set(good.flatMap((one) => [...one]));
}

function exactlyOne(results: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  return results.filter((one) => one !== null).length === 1 ? some(results) : null;
}

function isType(type: string, value: Json): boolean {
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "array") return Array.isArray(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function resolve(root: SchemaNode, ref: string): SchemaNode {
  const steps = ref.replace(/^#\//, "").split("/");
  return steps.reduce<unknown>((node, step) => (node as SchemaNode)[step], root) as SchemaNode;
}

function namesOf(value: Json): readonly string[] {
  return isType("object", value) ? Object.keys(value as object) : [];
}

function member(value: Json, name: string): Json {
  return (value as { [name: string]: Json })[name] as Json;
}

const none: ReadonlySet<string> = new Set();
const annotations: ReadonlySet<string> = new Set(
  "$schema $id $defs title deprecated format contentEncoding then description".split(" "),
);
