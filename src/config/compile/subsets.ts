// lb_subset_config of a cluster, or the subset policy, to its plan, and metadata_match of routes and TCP proxies. Called by balancer.ts,
// route-action.ts and tcp-proxy.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, json, text, texts } from "../load/fields.ts";
import {
  labelsOf,
  type MetadataMatchPlan,
  matchOver,
  metadataMatchOf,
  type SubsetSelectorPlan,
  type SubsetsPlan,
} from "../plan/subset.ts";
import type { CompileContext } from "./context.ts";
import { compileMetadata } from "./metadata.ts";

/** Compiles either message; null: it has no selectors, so that there are no subsets. */
export function compileSubsets(context: CompileContext, config: CheckedMessage): SubsetsPlan | null {
  if (text(config, "metadata_fallback_policy") === "FALLBACK_LIST") {
    const instead = "leave it out, and use the fallback_policy of selectors";
    context.refuse(config, "metadata_fallback_policy", "metadata_fallback_policy FALLBACK_LIST", instead);
  }
  if (flag(config, "allow_redundant_keys") === true) {
    const instead = "name in metadata_match the keys of one selector only";
    context.refuse(config, "allow_redundant_keys", "allow_redundant_keys", instead);
  }
  const selectors: SubsetSelectorPlan[] = [];
  for (const one of children(config, "subset_selectors")) selectors.push(compileSelector(context, one, selectors));
  const plan: SubsetsPlan = {
    fallback: FALLBACK[text(config, "fallback_policy") ?? ""] ?? "none",
    defaultLabels: metadataMatchOf(labelsOf(json(config, "default_subset"))).labels,
    selectors,
    listAsAny: flag(config, "list_as_any") ?? false,
    panicModeAny: flag(config, "panic_mode_any") ?? false,
    isLocalityAware: flag(config, "locality_weight_aware") ?? false,
  };
  return selectors.length === 0 ? null : plan;
}

/** The labels that a message's metadata_match asks for, over those that the level above it asks for; null: none. */
export function compileMetadataMatch(
  message: CheckedMessage,
  above: MetadataMatchPlan | null,
): MetadataMatchPlan | null {
  const metadata = child(message, "metadata_match");
  return metadata === undefined ? above : matchOver(above, labelsOf(compileMetadata(metadata)["envoy.lb"]));
}

function compileSelector(
  context: CompileContext,
  selector: CheckedMessage,
  before: readonly SubsetSelectorPlan[],
): SubsetSelectorPlan {
  const keys = [...new Set(texts(selector, "keys"))].sort();
  const fallback = SELECTOR_FALLBACK[text(selector, "fallback_policy") ?? ""] ?? null;
  const fallbackKeys = [...new Set(texts(selector, "fallback_keys_subset"))];
  const wrong = wrongKeys(fallback, keys, fallbackKeys);
  if (wrong !== "") context.error(selector, "fallback_keys_subset", wrong);
  // A fallback is put at the end of a path of keys, and only where nobody has been before.
  const isHidden = before.some((other) => keys.every((key, i) => other.keys[i] === key));
  if (fallback !== null && isHidden) {
    const says = "not acted on, as in Envoy: the keys of an earlier selector begin with the same ones";
    context.warn(selector, "fallback_policy", says);
  }
  const isSingleHost = flag(selector, "single_host_per_subset") ?? false;
  return { keys, isSingleHost, fallback: isHidden ? null : fallback, fallbackKeys };
}

/** Envoy's words on what a selector may fall back to; empty: nothing is wrong. */
function wrongKeys(fallback: SubsetSelectorPlan["fallback"], keys: readonly string[], left: readonly string[]): string {
  if (fallback !== "keys") {
    return left.length === 0 ? "" : "fallback_keys_subset can be set only for KEYS_SUBSET fallback_policy";
  }
  if (left.length === 0) return "fallback_keys_subset cannot be empty";
  if (left.some((key) => !keys.includes(key))) return "fallback_keys_subset must be a subset of selector keys";
  return left.length === keys.length ? "fallback_keys_subset cannot be equal to keys" : "";
}

const FALLBACK: Readonly<Record<string, SubsetsPlan["fallback"]>> = {
  NO_FALLBACK: "none",
  ANY_ENDPOINT: "any",
  DEFAULT_SUBSET: "default",
};
const SELECTOR_FALLBACK: Readonly<Record<string, SubsetSelectorPlan["fallback"]>> = {
  ...FALLBACK,
  KEYS_SUBSET: "keys",
};
