// Which cluster a forwarding route leads to for one request.
import type { FilterOverridePlan } from "../../config/plan/http-filter.ts";
import type { ClusterChoicePlan, HeaderChangesPlan, WeightedClusterPlan } from "../../config/plan/route.ts";
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import type { HeaderList } from "../../protocol/header-list.ts";

/** The chosen cluster with what its entry adds. */
export interface ChosenCluster {
  readonly name: string;
  /** Header changes and host rewrite of a weighted entry. */
  readonly headers: HeaderChangesPlan | null;
  readonly hostRewrite: string;
  readonly filterOverrides: readonly FilterOverridePlan[];
}

/**
 * Chooses the cluster; null when the header is missing or all weights are 0. Weights need not sum to anything; a runtime key
 * `<runtimeKeyPrefix>.<cluster>` replaces a weight. `header_name` gives the number instead of `random` when it holds one.
 */
export function chooseCluster(
  choice: ClusterChoicePlan,
  head: HeaderList,
  runtime: RuntimeView,
  random: number,
): ChosenCluster | null {
  switch (choice.kind) {
    case "one":
      return { name: choice.name, ...NOTHING };
    case "header": {
      const name = head.valueByName(choice.header);
      return name === undefined || name === "" ? null : { name, ...NOTHING };
    }
    case "weighted":
      return chooseWeighted(choice, head, runtime, random);
  }
}

function chooseWeighted(
  choice: Extract<ClusterChoicePlan, { kind: "weighted" }>,
  head: HeaderList,
  runtime: RuntimeView,
  random: number,
): ChosenCluster | null {
  const weightOf = (entry: WeightedClusterPlan): number =>
    choice.runtimeKeyPrefix === ""
      ? entry.weight
      : runtimeInteger(runtime, `${choice.runtimeKeyPrefix}.${entry.name}`, entry.weight);
  let total = 0;
  for (const entry of choice.clusters) total += weightOf(entry);
  if (total === 0) return null;
  let at = numberOf(choice.headerName === "" ? undefined : head.valueByName(choice.headerName), random) % total;
  for (const entry of choice.clusters) {
    const weight = weightOf(entry);
    if (at < weight) return entry;
    at -= weight;
  }
  return null;
}

function numberOf(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

const NOTHING: Omit<ChosenCluster, "name"> = { headers: null, hostRewrite: "", filterOverrides: [] };
