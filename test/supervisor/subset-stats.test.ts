import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import { SubsetStats } from "../../src/supervisor/subset-stats.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";

const PLAN: ClusterPlan = clusterPlan("c", [], {
  subsets: {
    fallback: "none",
    defaultLabels: [],
    selectors: [
      { keys: ["version"], isSingleHost: true, fallback: null, fallbackKeys: [] },
      { keys: ["stage", "version"], isSingleHost: false, fallback: null, fallbackKeys: [] },
    ],
    listAsAny: false,
    panicModeAny: false,
    isLocalityAware: false,
  },
});

describe("gauges of subsets", () => {
  const stats = new StatsWriter(() => {});
  const counted = new SubsetStats(stats);
  const show = (...labels: readonly object[]): number[] => {
    counted.count(
      PLAN,
      labels.map((one, slot) => ({ ...endpoint(80 + slot, { metadata: { "envoy.lb": one } }), slot })),
    );
    return shown();
  };
  const shown = (): number[] => {
    const block = stats.block(CLUSTER, "cluster.c.");
    const duplicates = stats.gauge("cluster.c.lb_subsets_single_host_per_subset_duplicate");
    const { lb_subsets_active: active, lb_subsets_created: created, lb_subsets_removed: removed } = CLUSTER.at;
    return [block[active], block[created], block[removed], duplicates.values[duplicates.at]] as number[];
  };

  it("count subsets that are there, came and went, and endpoints that are one too many", () => {
    assert.deepEqual(show({ version: 1 }, { version: 1, stage: "a" }, { stage: "a" }), [2, 2, 0, 1]);
    assert.deepEqual(show({ version: 1 }, { version: 2 }), [2, 3, 1, 0]);
    assert.deepEqual(show(), [0, 3, 3, 0]);
  });

  it("are 0 for a cluster that a reload leaves without subsets, and none for one that never had any", () => {
    assert.deepEqual(show({ version: 1 }, { version: 1 }), [1, 4, 3, 1]);
    counted.count({ ...PLAN, subsets: null }, []);
    assert.deepEqual(shown(), [0, 4, 4, 0]);
    const names: string[] = [];
    const others = new SubsetStats(new StatsWriter((notice) => names.push(notice.type)));
    others.count({ ...PLAN, subsets: null }, []);
    assert.deepEqual(names, []);
  });

  it("begin anew for a cluster that was gone", () => {
    show({ version: 1 });
    counted.keep(new Map());
    assert.deepEqual(show({ version: 1 }), [1, 6, 4, 0]);
  });
});
