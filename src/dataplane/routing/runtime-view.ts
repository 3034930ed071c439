// What the data path asks of the runtime: final values by key. Swapped as a whole when a layer changes.

/** Final runtime values. */
export interface RuntimeView {
  /** The final text of a key, undefined when no layer sets it. */
  get(key: string): string | undefined;
}

/** A view of fixed entries. */
export function runtimeView(entries: Readonly<Record<string, string>>): RuntimeView {
  const map = new Map(Object.entries(entries));
  return { get: (key) => map.get(key) };
}

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/**
 * Whether a random number falls into a share (RuntimeFractionalPercent). A whole number in the runtime replaces it as percent, a JSON
 * fraction as itself; what is neither counts for nothing and the configured share holds, as Envoy does.
 */
export function inFraction(
  fraction: { readonly numerator: number; readonly denominator: number; readonly runtimeKey: string },
  runtime: RuntimeView,
  random: number,
): boolean {
  const text = fraction.runtimeKey === "" ? undefined : runtime.get(fraction.runtimeKey);
  if (text !== undefined) {
    if (/^\d+$/.test(text)) return random % 100 < Number(text);
    const json = fractionOfJson(text);
    if (json !== null) return random % json.denominator < json.numerator;
  }
  return random % fraction.denominator < fraction.numerator;
}

/** A whole number of the runtime, `otherwise` when the key is absent or not a whole number. */
export function runtimeInteger(runtime: RuntimeView, key: string, otherwise: number): number {
  const text = runtime.get(key);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}

function fractionOfJson(text: string): { numerator: number; denominator: number } | null {
  if (!text.startsWith("{")) return null;
  try {
    const value = JSON.parse(text) as { numerator?: unknown; denominator?: unknown };
    const denominator = DENOMINATORS[String(value.denominator ?? "HUNDRED")];
    return typeof value.numerator === "number" && denominator !== undefined
      ? { numerator: value.numerator, denominator }
      : null;
  } catch {
    return null;
  }
}
