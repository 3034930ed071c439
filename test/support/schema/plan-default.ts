// What holds where a file is silent about a field, found by trying: the one value of the plan that differs with and without it.
// Used by support-probe.ts.

/** A value of a plan, in words: `15s`, `true`, `none`. */
export type DefaultText = string;

/** The value that `without` has where `withField` has another, when that is one place and a plain value; else null. */
export function defaultBetween(without: unknown, withField: unknown): DefaultText | null {
  const found: { readonly name: string; readonly value: unknown }[] = [];
  collect(without, withField, "", found);
  const [only, ...more] = found;
  return only === undefined || more.length > 0 ? null : inWords(only.name, only.value);
}

function collect(a: unknown, b: unknown, name: string, found: { name: string; value: unknown }[]): void {
  if (found.length > 1 || Object.is(a, b)) return;
  if (isNode(a) && isNode(b) && Array.isArray(a) === Array.isArray(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      collect(a[key], b[key], Number.isNaN(Number(key)) ? key : name, found);
    }
    return;
  }
  found.push({ name, value: a });
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function inWords(name: string, value: unknown): DefaultText | null {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return value === "" ? "empty" : value;
  if (typeof value !== "number") return null;
  if (value === Number.POSITIVE_INFINITY) return "no limit";
  if (!name.endsWith("Ms")) return String(value);
  return `${value / 1000}s`;
}
