// Picks within the subset of a cluster's endpoints that a request asks for, or within what the fallback policies say (Envoy's
// subset_lb.cc, read and followed). Subsets are made when endpoints change; a request finds its own by one text that its route has
// ready. Made by upstream-cluster.ts for clusters with lb_subset_config.
import type { Bits64 } from "../../base/bits64.ts";
import type { BalancerPlan } from "../../config/plan/cluster.ts";
import {
  hasLabels,
  keysId,
  type MetadataMatchPlan,
  metadataMatchOf,
  type SubsetSelectorPlan,
  type SubsetsPlan,
  subsetIdsOf,
} from "../../config/plan/subset.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import { createPicker, type EndpointPicker, type PickAgain, type PickerHome } from "./endpoint-picker.ts";
import type { EndpointSubset, EndpointTable } from "./endpoint-table.ts";

/** The picker of a cluster with subsets. */
export class SubsetPicker implements EndpointPicker {
  private readonly plan: SubsetsPlan;
  private readonly balancer: BalancerPlan;
  private readonly table: EndpointTable;
  private readonly home: PickerHome;
  private readonly anyone: EndpointPicker;
  private readonly usual: Subset;
  private readonly selectors: ReadonlyMap<string, SubsetSelectorPlan>;
  /** By `subsetId`; none is empty. */
  private subsets = new Map<string, Subset>();
  /** Version of the table that they were made of. */
  private version = -1;
  /** What a route asks for without the labels that its selector's `keys` leaves out: made once for each route. */
  private readonly lesser = new WeakMap<MetadataMatchPlan, MetadataMatchPlan>();

  constructor(plan: SubsetsPlan, balancer: BalancerPlan, table: EndpointTable, home: PickerHome) {
    this.plan = plan;
    this.balancer = withinSubset(balancer, plan);
    this.table = table;
    this.home = home;
    this.anyone = createPicker(balancer, home);
    this.usual = this.make();
    this.selectors = new Map(plan.selectors.map((selector) => [keysId(selector.keys), selector]));
  }

  pick(hash: Bits64 | null, again: PickAgain | null, match: MetadataMatchPlan | null): UpstreamEndpoint | null {
    const { plan, table } = this;
    const { stats } = this.home;
    // Whether or not the pick is from all of them: connections of those that begin to fail are to end.
    table.current();
    if (table.version !== this.version) this.fill();
    if (match !== null) {
      const subset = this.subsets.get(match.id);
      if (subset !== undefined) {
        count(stats, CLUSTER.at.lb_subsets_selected);
        return subset.picker.pick(hash, again, null);
      }
      const selector = this.selectors.get(match.keysId);
      const fallback = selector?.fallback ?? null;
      if (selector !== undefined && fallback === "keys") return this.pick(hash, again, this.lessened(match, selector));
      if (fallback !== null) return this.fallBack(fallback)?.pick(hash, again, null) ?? null;
    }
    const fallback = this.fallBack(plan.fallback);
    if (fallback === null) return null;
    const endpoint = fallback.pick(hash, again, null);
    if (endpoint !== null) {
      count(stats, CLUSTER.at.lb_subsets_fallback);
      return endpoint;
    }
    const last = plan.panicModeAny ? this.anyone.pick(hash, again, null) : null;
    if (last !== null) count(stats, CLUSTER.at.lb_subsets_fallback_panic);
    return last;
  }

  private lessened(match: MetadataMatchPlan, { fallbackKeys }: SubsetSelectorPlan): MetadataMatchPlan {
    let less = this.lesser.get(match);
    if (less === undefined) {
      less = metadataMatchOf(match.labels.filter(({ key }) => fallbackKeys.includes(key)));
      this.lesser.set(match, less);
    }
    return less;
  }

  private fallBack(to: "none" | "any" | "default" | "keys"): EndpointPicker | null {
    switch (to) {
      case "none":
      case "keys":
        return null;
      case "any":
        return this.anyone;
      case "default":
        return this.usual.picker;
    }
  }

  /** Puts the endpoints into their subsets. A subset that stays keeps its place in the rotation. */
  private fill(): void {
    const { plan, subsets: before } = this;
    const { defaultLabels, listAsAny } = plan;
    const endpoints = this.table.endpoints();
    this.subsets = new Map();
    for (const { keys, isSingleHost } of plan.selectors) {
      for (const [id, members] of byId(endpoints, keys, listAsAny)) {
        const subset = isSingleHost ? onlyOne(members) : (before.get(id) ?? this.make());
        subset.endpoints?.fill(members);
        this.subsets.set(id, subset);
      }
    }
    const { usual } = this;
    usual.endpoints?.fill(
      endpoints.filter(({ facts }) => hasLabels(facts.metadata["envoy.lb"], defaultLabels, listAsAny)),
    );
    this.version = this.table.version;
  }

  private make(): Subset {
    const endpoints = this.table.subset();
    return { endpoints, picker: createPicker(this.balancer, { ...this.home, from: endpoints }) };
  }
}

interface Subset {
  /** Null: of a single endpoint, which is not balanced. */
  readonly endpoints: EndpointSubset | null;
  readonly picker: EndpointPicker;
}

/** Endpoints by the subsets that a selector puts them into. */
function byId(
  endpoints: readonly UpstreamEndpoint[],
  keys: readonly string[],
  listAsAny: boolean,
): ReadonlyMap<string, UpstreamEndpoint[]> {
  const found = new Map<string, UpstreamEndpoint[]>();
  for (const endpoint of endpoints) {
    for (const id of subsetIdsOf(endpoint.facts.metadata["envoy.lb"], keys, listAsAny)) {
      const members = found.get(id);
      if (members === undefined) found.set(id, [endpoint]);
      else members.push(endpoint);
    }
  }
  return found;
}

/** The first of them whatever its health, as in Envoy. */
function onlyOne([first]: readonly UpstreamEndpoint[]): Subset {
  return { endpoints: null, picker: { pick: () => first ?? null } };
}

/** Localities have no weights inside a subset, unless the plan says so. */
function withinSubset(balancer: BalancerPlan, { isLocalityAware }: SubsetsPlan): BalancerPlan {
  return "isLocalityWeighted" in balancer && !isLocalityAware ? { ...balancer, isLocalityWeighted: false } : balancer;
}
