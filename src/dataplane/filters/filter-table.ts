// The filters of one connection manager: opened once per worker from their plans, and which of them are on for each route. Made by
// the connection manager; asked once a request.
import type { FilterOverridePlan, FilterOverrideSettings, HttpFilterPlan } from "../../config/plan/http-filter.ts";
import type { RouteConfigPlan } from "../../config/plan/route.ts";
import type { ChosenCluster } from "../routing/cluster-choice.ts";
import type { Route } from "../routing/route-table.ts";
import type { FilterMaker, FilterSite } from "./filter.ts";
import { openFilter } from "./open-filter.ts";

/** What is true of the filters on one route. */
export interface RouteFilters {
  /** Those that are on, in order. */
  readonly makers: readonly FilterMaker[];
  /** By place: what each level gives the filter, the least specific one first. */
  readonly overrides: readonly (readonly FilterOverrideSettings[])[];
}

/** The filters of a connection manager. */
export class FilterTable {
  /** Whether the chain is the same on every route: nobody needs to look for one. */
  readonly isPlain: boolean;
  /** Whether there is no filter. */
  readonly isEmpty: boolean;
  /** Where no route matches, and everywhere when `isPlain`. */
  readonly base: RouteFilters;
  private readonly filters: readonly OpenFilter[];
  private readonly routes: RouteConfigPlan;
  private readonly byRoute = new Map<Route, RouteFilters>();
  private readonly byCluster = new Map<Route, Map<ChosenCluster, RouteFilters>>();

  /** `first` go before those of the plans. */
  constructor(
    plans: readonly HttpFilterPlan[],
    routes: RouteConfigPlan,
    site: Omit<FilterSite, "place" | "overrides">,
    first: readonly FilterMaker[],
  ) {
    const given = first.map((make): OpenFilter => ({ name: "", disabled: false, make }));
    const entries = allOverrides(routes);
    const planned = plans.flatMap((plan): OpenFilter[] => {
      if (plan.kind === "router") return [];
      const { name, disabled } = plan;
      const place = given.length + plans.indexOf(plan);
      const overrides = entries.flatMap((one) => (one.name === name && one.settings !== null ? [one.settings] : []));
      return [{ name, disabled, make: openFilter(plan, { ...site, place, overrides }) }];
    });
    this.filters = [...given, ...planned];
    this.routes = routes;
    this.base = this.merge([routes.filterOverrides]);
    this.isEmpty = this.filters.length === 0;
    this.isPlain = this.isEmpty || entries.length === routes.filterOverrides.length;
  }

  /** The filters of a route; `cluster`: what was chosen of its weighted clusters, null: nothing. */
  of(route: Route | null, cluster: ChosenCluster | null): RouteFilters {
    if (this.isPlain || route === null) return this.base;
    if (cluster === null || cluster.filterOverrides.length === 0) {
      if (route.plan.filterOverrides.length + route.vhost.plan.filterOverrides.length === 0) return this.base;
      return remembered(this.byRoute, route, () => this.merge(this.levels(route)));
    }
    const clusters = remembered(this.byCluster, route, () => new Map<ChosenCluster, RouteFilters>());
    return remembered(clusters, cluster, () => this.merge([...this.levels(route), cluster.filterOverrides]));
  }

  private levels(route: Route): (readonly FilterOverridePlan[])[] {
    return [this.routes.filterOverrides, route.vhost.plan.filterOverrides, route.plan.filterOverrides];
  }

  private merge(levels: readonly (readonly FilterOverridePlan[])[]): RouteFilters {
    const all = levels.flat();
    const ofFilter = (name: string): FilterOverridePlan[] => all.filter((one) => one.name === name);
    return {
      makers: this.filters
        .filter(({ name, disabled }) => !(ofFilter(name).at(-1)?.disabled ?? disabled))
        .map(({ make }) => make),
      overrides: this.filters.map(({ name }) =>
        ofFilter(name).flatMap(({ settings }) => (settings === null ? [] : [settings])),
      ),
    };
  }
}

interface OpenFilter {
  readonly name: string;
  readonly disabled: boolean;
  readonly make: FilterMaker;
}

/** Every entry of every level. */
function allOverrides(routes: RouteConfigPlan): readonly FilterOverridePlan[] {
  const below = routes.virtualHosts.flatMap((host) => [
    ...host.filterOverrides,
    ...host.routes.flatMap(({ filterOverrides, action }) => [
      ...filterOverrides,
      ...(action.kind === "forward" && action.cluster.kind === "weighted"
        ? action.cluster.clusters.flatMap((cluster) => cluster.filterOverrides)
        : []),
    ]),
  ]);
  return [...routes.filterOverrides, ...below];
}

function remembered<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
