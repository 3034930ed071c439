// A listener with filters between a client and an upstream in memory: what tests of filters stand on.
import type { FilterOverridePlan, FilterSettings } from "../../src/config/plan/http-filter.ts";
import type { HttpConnectionManagerPlan } from "../../src/config/plan/listener.ts";
import type { FilterMaker } from "../../src/dataplane/filters/filter.ts";
import type { NodeCounts } from "../../src/telemetry/node-counts.ts";
import { ExchangeWorld } from "./exchange-harness.ts";
import type { FakeCluster } from "./fake-upstreams.ts";
import { listener, manager } from "./listener-plans.ts";

/** What a scene is made with. */
export interface FilterSceneOptions {
  /** Filters of the plan, by their names. */
  readonly filters?: Readonly<Record<string, FilterSettings & { readonly disabled?: boolean }>>;
  /** Filters that stand before them. */
  readonly makers?: readonly FilterMaker[];
  readonly manager?: Partial<HttpConnectionManagerPlan>;
  /** Memory of token buckets. */
  readonly rateBuckets?: ReadonlyMap<string, SharedArrayBuffer>;
  /** What it shares with other workers; default: it is alone. */
  readonly counts?: NodeCounts;
}

/** The world and its cluster `up`. */
export interface FilterScene {
  readonly world: ExchangeWorld;
  readonly up: FakeCluster;
}

/** A world in which every path leads to `up` unless the manager says otherwise. */
export function filterScene(options: FilterSceneOptions): FilterScene {
  const named = Object.entries(options.filters ?? {}).map(([name, settings]) => ({
    name,
    disabled: false,
    ...settings,
  }));
  const plan = manager({ ...options.manager, filters: [...named, ...manager().filters] });
  const { counts, makers: filters = [], rateBuckets = new Map<string, SharedArrayBuffer>() } = options;
  const world = new ExchangeWorld(listener(plan), {
    filters,
    rateBuckets,
    ...(counts === undefined ? {} : { counts }),
  });
  return { world, up: world.upstreams.add("up") };
}

/** An entry of typed_per_filter_config. */
export function override(name: string, more: Partial<FilterOverridePlan>): FilterOverridePlan {
  return { name, disabled: false, settings: null, ...more };
}
