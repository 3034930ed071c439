// A runtime layer's nested values to dotted keys with texts. Called by runtime.ts for files, and for what discovery servers send.
import type { JsonValue } from "../load/checked.ts";

/** The entries, or an Error in Envoy's words for a value that can be none. */
export function runtimeEntries(layer: JsonValue): Record<string, string> | Error {
  const entries: Record<string, string> = {};
  const wrong = flatten("", layer, entries);
  return wrong === null ? entries : new Error(`Invalid runtime entry value for ${wrong}`);
}

/** The key of the first value that can be none; null: all can. */
function flatten(prefix: string, value: JsonValue, entries: Record<string, string>): string | null {
  if (value === null || Array.isArray(value)) return prefix;
  if (typeof value !== "object") {
    entries[prefix] = typeof value === "string" ? value : String(value);
    return null;
  }
  const fields = value as Readonly<Record<string, JsonValue>>;
  if (prefix !== "" && isFraction(fields)) {
    entries[prefix] = JSON.stringify(fields);
    return null;
  }
  for (const [key, below] of Object.entries(fields)) {
    const wrong = flatten(prefix === "" ? key : `${prefix}.${key}`, below, entries);
    if (wrong !== null) return wrong;
  }
  return null;
}

// As Envoy decides it: a map with one of these keys is a FractionalPercent, not a deeper level; an empty one is a value too.
function isFraction(fields: Readonly<Record<string, JsonValue>>): boolean {
  const keys = Object.keys(fields);
  return keys.length === 0 || keys.includes("numerator") || keys.includes("denominator");
}
