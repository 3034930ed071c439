// Shares of requests that the runtime may change. Asked by route-table.ts.
import type { RuntimeView } from "../../config/plan/runtime.ts";

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
