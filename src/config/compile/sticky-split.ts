// Starling's own word in a route's metadata, where Envoy reads past it: `filter_metadata: { starling.split: { sticky: true } }`. Called by
// route.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, has } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";
import { compileMetadata } from "./metadata.ts";

/** Whether the route's splits go by the hash of its hash_policy. */
export function compileSticky(context: CompileContext, route: CheckedMessage): boolean {
  const metadata = child(route, "metadata");
  if (metadata === undefined) return false;
  const { [NAMESPACE]: split } = compileMetadata(metadata);
  if (split === undefined) return false;
  const { sticky, ...unknown } =
    typeof split === "object" && split !== null ? (split as Readonly<Record<string, unknown>>) : {};
  if (typeof sticky !== "boolean" || Object.keys(unknown).length > 0) {
    context.error(metadata, "filter_metadata", `${NAMESPACE} says sticky: true or sticky: false, and nothing else`);
    return false;
  }
  const action = child(route, "route");
  if (sticky && (action === undefined || !has(action, "hash_policy"))) {
    const says = `${NAMESPACE}: a sticky route needs a hash_policy in its route: that is what its users are known by`;
    context.error(metadata, "filter_metadata", says);
  }
  return sticky;
}

const NAMESPACE = "starling.split";
