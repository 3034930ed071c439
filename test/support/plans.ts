// Small whole plans for tests of nodes.
import type { ListenerPlan } from "../../src/config/plan/listener.ts";
import { DEFAULT_ROLES } from "../../src/config/plan/mesh.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { ShownStats } from "../../src/control/admin/shown-stats.ts";
import type { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { listener } from "./listener-plans.ts";

/** A listener of this name on a free port of loopback; its routes lead to a cluster that no plan here has: 503. */
export function bareListener(name: string, more: Partial<ListenerPlan> = {}): ListenerPlan {
  const address = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
  return { ...listener(), name, statPrefix: "127.0.0.1_0", address, ...more };
}

/** A plan of these listeners. */
export function barePlan(listeners: readonly ListenerPlan[], more: Partial<Plan> = {}): Plan {
  return {
    version: "",
    node: { id: "n", cluster: "c", region: "", zone: "", subZone: "", metadata: {} },
    roles: DEFAULT_ROLES,
    mesh: null,
    eds: null,
    load: null,
    admin: null,
    listeners,
    clusters: [],
    runtime: { layers: [] },
    rateBuckets: [],
    outlierLogPath: "",
    statsFlushIntervalMs: 5_000,
    metricsSinks: [],
    ownLog: null,
    stats: { defaultTags: null, tags: [], shown: { kind: "all" }, buckets: [] },
    compat: "starling",
    ...more,
  };
}

/** Statistics as pages show them, of a node with this plan; default: a bare one. */
export function shownStats(reader: StatsReader, plan: Plan = barePlan([])): ShownStats {
  return new ShownStats({ plan: () => plan, endpoints: () => [], healthFlags: () => 0 }, reader);
}
