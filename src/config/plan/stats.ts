// What admin pages make of statistics: which are shown, which parts of their names are labels, where histograms have their bounds.
import type { StringMatcherPlan } from "./match.ts";

/** Envoy's stats_config. */
export interface StatsPlan {
  /** Names of the default tags that are taken out; null: all of them. */
  readonly defaultTags: readonly string[] | null;
  /** Further tags: `regex` takes its first group out of a name, and its second (or only) one is the value. */
  readonly tags: readonly StatTagPlan[];
  /** Names that are shown. */
  readonly shown: StatsShownPlan;
  /** The first whose matcher takes a histogram's name has its bounds, in rising order; else Envoy's own. */
  readonly buckets: readonly HistogramBucketsPlan[];
}

/** One entry of stats_tags that is no default tag. */
export type StatTagPlan =
  | { readonly kind: "regex"; readonly tag: string; readonly regex: string }
  | { readonly kind: "fixed"; readonly tag: string; readonly value: string };

/** stats_matcher. */
export type StatsShownPlan =
  | { readonly kind: "all" | "none" }
  | { readonly kind: "only" | "except"; readonly names: readonly StringMatcherPlan[] };

/** One entry of histogram_bucket_settings. */
export interface HistogramBucketsPlan {
  readonly match: StringMatcherPlan;
  readonly bounds: readonly number[];
}
