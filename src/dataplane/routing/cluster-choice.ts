// Which cluster a forwarding route leads to for one request.
import type { Bits64 } from "../../base/bits64.ts";
import type { FilterOverridePlan } from "../../config/plan/http-filter.ts";
import type { ClusterChoicePlan, HeaderChangesPlan, WeightedClusterPlan } from "../../config/plan/route.ts";
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import type { MetadataMatchPlan } from "../../config/plan/subset.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { splitDistance } from "./sticky-split.ts";

/** The chosen cluster with what its entry adds. */
export interface ChosenCluster {
  readonly name: string;
  /** Header changes and host rewrite of a weighted entry. */
  readonly headers: HeaderChangesPlan | null;
  readonly hostRewrite: string;
  readonly filterOverrides: readonly FilterOverridePlan[];
  /** Of a weighted entry, in place of the route's; null: the route's. */
  readonly metadataMatch: MetadataMatchPlan | null;
}

/** What a choice is made by besides the head. */
export interface ChoiceFacts {
  readonly runtime: RuntimeView;
  readonly random: number;
  /** Of the request, for choices by hash; null: it has none, and chance decides. */
  readonly hash: Bits64 | null;
}

/**
 * Chooses the cluster; null when the header is missing or all weights are 0. Weights need not sum to anything; a runtime key
 * `<runtimeKeyPrefix>.<cluster>` replaces a weight. `header_name` gives the number instead of chance when it holds one.
 */
export function chooseCluster(choice: ClusterChoicePlan, head: HeaderList, facts: ChoiceFacts): ChosenCluster | null {
  switch (choice.kind) {
    case "one":
      return { name: choice.name, ...NOTHING };
    case "header": {
      const name = head.valueByName(choice.header);
      return name === undefined || name === "" ? null : { name, ...NOTHING };
    }
    case "weighted":
      return choice.by === "sticky" && facts.hash !== null
        ? chooseSticky(choice, facts.runtime, facts.hash)
        : chooseWeighted(choice, head, facts);
  }
}

function chooseWeighted(choice: WeightedChoice, head: HeaderList, facts: ChoiceFacts): ChosenCluster | null {
  const { runtime, random, hash } = facts;
  let total = 0;
  for (const entry of choice.clusters) total += weightOf(choice, entry, runtime);
  if (total === 0) return null;
  const text = choice.headerName === "" ? undefined : head.valueByName(choice.headerName);
  let at = choice.by === "hash" && hash !== null ? hash.remainder(total) : numberOf(text, random) % total;
  for (const entry of choice.clusters) {
    const weight = weightOf(choice, entry, runtime);
    if (at < weight) return entry;
    at -= weight;
  }
  return null;
}

function chooseSticky(choice: WeightedChoice, runtime: RuntimeView, hash: Bits64): ChosenCluster | null {
  let nearest: WeightedClusterPlan | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const entry of choice.clusters) {
    const distance = splitDistance(hash, entry.key, weightOf(choice, entry, runtime));
    if (distance >= least) continue;
    nearest = entry;
    least = distance;
  }
  return nearest;
}

function weightOf(
  { runtimeKeyPrefix }: WeightedChoice,
  { name, weight }: WeightedClusterPlan,
  runtime: RuntimeView,
): number {
  return runtimeKeyPrefix === "" ? weight : runtimeInteger(runtime, `${runtimeKeyPrefix}.${name}`, weight);
}

function numberOf(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

type WeightedChoice = Extract<ClusterChoicePlan, { kind: "weighted" }>;

const NOTHING: Omit<ChosenCluster, "name"> = {
  headers: null,
  hostRewrite: "",
  filterOverrides: [],
  metadataMatch: null,
};
