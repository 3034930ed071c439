// envoy.config.metrics.v3.StatsConfig to StatsPlan. Called by bootstrap.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, has, numbers, oneOf, text } from "../load/fields.ts";
import { regexFault } from "../plan/regex.ts";
import { DEFAULT_TAGS } from "../plan/stat-tags.ts";
import type { HistogramBucketsPlan, StatsPlan, StatsShownPlan, StatTagPlan } from "../plan/stats.ts";
import type { CompileContext } from "./context.ts";
import { compileStringMatcher } from "./match.ts";

/** Compiles what stats_config of the bootstrap says; without one everything is as by default. */
export function compileStats(context: CompileContext, bootstrap: CheckedMessage): StatsPlan {
  const config = child(bootstrap, "stats_config");
  if (config === undefined) return { defaultTags: null, tags: [], shown: { kind: "all" }, buckets: [] };
  const { defaultTags, tags } = compileTags(context, config);
  return { defaultTags, tags, shown: compileShown(context, config), buckets: compileBuckets(context, config) };
}

function compileTags(context: CompileContext, config: CheckedMessage): Pick<StatsPlan, "defaultTags" | "tags"> {
  const areAllUsed = flag(config, "use_all_default_tags") ?? true;
  const named: string[] = [];
  const tags: StatTagPlan[] = [];
  for (const specifier of children(config, "stats_tags")) {
    const tag = text(specifier, "tag_name") ?? "";
    const regex = text(specifier, "regex") ?? "";
    if (oneOf(specifier, ["regex", "fixed_value"]) === "fixed_value") {
      tags.push({ kind: "fixed", tag, value: text(specifier, "fixed_value") ?? "" });
    } else if (regex !== "") {
      const fault = regexFault(regex);
      if (fault !== null) context.error(specifier, "regex", fault);
      tags.push({ kind: "regex", tag, regex });
    } else if (DEFAULT_TAGS.has(tag)) named.push(tag);
    else {
      const says = `No regex specified for tag specifier and no default regex for name: '${tag}'`;
      context.error(specifier, "tag_name", says);
    }
  }
  return { defaultTags: areAllUsed ? null : named, tags };
}

function compileShown(context: CompileContext, config: CheckedMessage): StatsShownPlan {
  const matcher = child(config, "stats_matcher");
  if (matcher === undefined) return { kind: "all" };
  const names = (field: string): StatsShownPlan & { readonly kind: "only" | "except" } => {
    const list = child(matcher, field);
    const patterns = list === undefined ? [] : children(list, "patterns");
    return {
      kind: field === "inclusion_list" ? "only" : "except",
      names: patterns.map((pattern) => compileStringMatcher(context, pattern)),
    };
  };
  if (has(matcher, "inclusion_list")) return names("inclusion_list");
  if (has(matcher, "exclusion_list")) return names("exclusion_list");
  return { kind: flag(matcher, "reject_all") === true ? "none" : "all" };
}

function compileBuckets(context: CompileContext, config: CheckedMessage): HistogramBucketsPlan[] {
  return children(config, "histogram_bucket_settings").flatMap((settings) => {
    const message = child(settings, "match");
    const bounds = [...numbers(settings, "buckets")].sort((a, b) => a - b);
    if (message === undefined) return [];
    const match = compileStringMatcher(context, message);
    return bounds.length === 0 ? [] : [{ match, bounds }];
  });
}
