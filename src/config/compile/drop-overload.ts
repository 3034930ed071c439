// The drop_overloads of a load_assignment's policy. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, text } from "../load/fields.ts";
import type { DropOverloadPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";
import { compilePercent } from "./match.ts";

/** One category at most, as in Envoy; null: none. */
export function compileDropOverload(
  context: CompileContext,
  assignment: CheckedMessage | undefined,
): DropOverloadPlan | null {
  const policy = assignment === undefined ? undefined : child(assignment, "policy");
  const [drop, ...more] = policy === undefined ? [] : children(policy, "drop_overloads");
  if (policy === undefined || drop === undefined) return null;
  if (more.length > 0) {
    const says = `Cluster drop_overloads config has ${more.length + 1} categories. Envoy only support one.`;
    context.error(policy, "drop_overloads", says);
  }
  const { numerator, denominator } = compilePercent(child(drop, "drop_percentage"));
  const share = numerator / denominator;
  if (share > 1) {
    const parts = `drop_ratio=${share}(Numerator ${numerator} / Denominator ${denominator})`;
    const says = `Cluster drop_overloads config is invalid. ${parts}. The valid range is 0~1.`;
    context.error(drop, "drop_percentage", says);
  }
  return { category: text(drop, "category") ?? "", share };
}
