// `lb_subsets_active`, `_created` and `_removed` of a cluster, counted on the main thread: one writer, as for membership. Called by
// endpoint-roll-out.ts when endpoints of a cluster with subsets came, went or changed.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts } from "../config/plan/endpoint-set.ts";
import { type SubsetsPlan, subsetIdsOf } from "../config/plan/subset.ts";
import { CLUSTER } from "../telemetry/cluster-stats.ts";
import { add } from "../telemetry/stats-add.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";

/** The subsets that there are, by the name of their cluster. */
export class SubsetStats {
  private readonly stats: StatsWriter;
  private readonly known = new Map<string, ReadonlySet<string>>();

  constructor(stats: StatsWriter) {
    this.stats = stats;
  }

  /** A cluster has these endpoints now. One without subsets is counted no more than to take those out that it had. */
  count({ name, statName, subsets }: ClusterPlan, endpoints: readonly EndpointFacts[]): void {
    const before = this.known.get(name) ?? NONE;
    if (subsets === null && before.size === 0) return;
    const { selectors, listAsAny } = subsets ?? NO_SUBSETS;
    const now = new Set(
      selectors.flatMap(({ keys }) =>
        endpoints.flatMap(({ metadata }) => subsetIdsOf(metadata["envoy.lb"], keys, listAsAny)),
      ),
    );
    if (now.size > 0) this.known.set(name, now);
    else this.known.delete(name);
    this.showDuplicates(statName, { selectors, listAsAny }, endpoints);
    const block = this.stats.block(CLUSTER, `cluster.${statName}.`);
    const { lb_subsets_active: active, lb_subsets_created: created, lb_subsets_removed: removed } = CLUSTER.at;
    block[active] = now.size;
    add(block, created, without(now, before));
    add(block, removed, without(before, now));
  }

  /** Endpoints of the last priority that stand behind another one with the same value. */
  private showDuplicates(
    statName: string,
    { listAsAny, selectors }: Grouping,
    endpoints: readonly EndpointFacts[],
  ): void {
    const last = Math.max(...endpoints.map(({ priority }) => priority));
    const ids = selectors
      .filter(({ isSingleHost }) => isSingleHost)
      .flatMap(({ keys }) =>
        endpoints
          .filter(({ priority }) => priority === last)
          .flatMap(({ metadata }) => subsetIdsOf(metadata["envoy.lb"], keys, listAsAny)),
      );
    const slot = this.stats.gauge(`cluster.${statName}.lb_subsets_single_host_per_subset_duplicate`);
    slot.values[slot.at] = ids.length - new Set(ids).size;
  }

  /** Only clusters of these names are left. */
  keep(names: ReadonlyMap<string, unknown>): void {
    for (const name of this.known.keys()) if (!names.has(name)) this.known.delete(name);
  }
}

type Grouping = Pick<SubsetsPlan, "selectors" | "listAsAny">;

/** How many are in one and not in the other. */
function without(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let count = 0;
  for (const id of one) if (!other.has(id)) count++;
  return count;
}

const NONE: ReadonlySet<string> = new Set();
const NO_SUBSETS: Grouping = { selectors: [], listAsAny: false };
