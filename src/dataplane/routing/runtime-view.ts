// Shares of requests that the runtime may change. Asked by route-table.ts.
import { RuntimeValues, type RuntimeView } from "../../config/plan/runtime.ts";
import { runtimeValue } from "../../config/plan/runtime-value.ts";

/** A view of fixed entries. */
export function runtimeView(entries: Readonly<Record<string, string>>): RuntimeView {
  return new RuntimeValues(entries);
}

/**
 * Whether a random number falls into a share (RuntimeFractionalPercent). A number in the runtime replaces it as whole percent, a fraction as
 * itself; what is neither counts for nothing and the configured share holds, as Envoy does.
 */
export function inFraction(
  fraction: { readonly numerator: number; readonly denominator: number; readonly runtimeKey: string },
  runtime: RuntimeView,
  random: number,
): boolean {
  const text = fraction.runtimeKey === "" ? undefined : runtime.get(fraction.runtimeKey);
  const share = text === undefined ? fraction : (runtimeValue(text).share ?? fraction);
  return random % share.denominator < share.numerator;
}
