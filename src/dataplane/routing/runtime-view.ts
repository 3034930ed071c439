// Shares of requests that the runtime may change. Asked by route-table.ts.
import type { FractionPlan } from "../../config/plan/match.ts";
import { RuntimeValues, type RuntimeView } from "../../config/plan/runtime.ts";
import { runtimeValue } from "../../config/plan/runtime-value.ts";

/** A view of fixed entries. */
export function runtimeView(entries: Readonly<Record<string, string>>): RuntimeView {
  return new RuntimeValues(entries);
}

/** Whether a number of 32 bits falls into a share, such that it does into every larger one, whatever their denominators. */
export function inGrowingFraction(fraction: FractionPlan, runtime: RuntimeView, point: number): boolean {
  const { numerator, denominator } = shareOf(fraction, runtime);
  return (point / 0x1_0000_0000) * denominator < numerator;
}

/**
 * Whether a random number falls into a share (RuntimeFractionalPercent). A number in the runtime replaces it as whole percent, a fraction as
 * itself; what is neither counts for nothing and the configured share holds, as Envoy does.
 */
export function inFraction(fraction: FractionPlan, runtime: RuntimeView, random: number): boolean {
  const { numerator, denominator } = shareOf(fraction, runtime);
  return random % denominator < numerator;
}

function shareOf(fraction: FractionPlan, runtime: RuntimeView): Pick<FractionPlan, "numerator" | "denominator"> {
  const text = fraction.runtimeKey === "" ? undefined : runtime.get(fraction.runtimeKey);
  return text === undefined ? fraction : (runtimeValue(text).share ?? fraction);
}
