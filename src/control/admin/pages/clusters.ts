// /clusters: every cluster with its breakers and its endpoints, text and JSON.

import { addressText } from "../../../config/plan/address.ts";
import type { BreakerPlan, ClusterPlan, EndpointPlan } from "../../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull } from "../../../config/plan/endpoint-set.ts";
import { compileRegex } from "../../../config/plan/regex.ts";
import type { RuntimeView } from "../../../config/plan/runtime.ts";
import { breakersNow, budgetedRetries } from "../../../telemetry/breaker-columns.ts";
import { CLUSTER } from "../../../telemetry/cluster-stats.ts";
import { HealthFlag, healthText } from "../../../telemetry/health-table.ts";
import { HOST } from "../../../telemetry/host-stats.ts";
import { OutlierRate } from "../../../telemetry/outlier-table.ts";
import { jsonAnswer, type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import { announcedFacts, announcedJson } from "./announced-facts.ts";
import { outlierLines, rateJson, thresholdJson } from "./outlier-facts.ts";

/** /clusters */
export const clustersPage: Page = showing("/clusters", "upstream cluster status", answer, {
  filter: "Regular expression (Google re2) for filtering clusters by name",
});

/** The endpoints of every cluster now, by its name: those of the file, or those its names resolved to. */
export function endpointSets(context: PageContext): ReadonlyMap<string, EndpointSetFull> {
  return new Map(context.view.endpoints().map((set) => [set.cluster, set]));
}

function answer(context: PageContext, query: URLSearchParams): PageAnswer {
  const filter = query.get("filter");
  let clusters = context.view.plan().clusters;
  if (filter !== null && filter !== "") {
    try {
      const regex = compileRegex(filter);
      clusters = clusters.filter((cluster) => regex.test(cluster.name));
    } catch {
      return textAnswer("Invalid re2 regex", 400);
    }
  }
  const sets = endpointSets(context);
  const runtime = context.view.runtime.values;
  const shown = clusters.map((cluster) => {
    const set = sets.get(cluster.name);
    return {
      breakers: breakersShown(context, cluster, runtime),
      cluster,
      row: set?.row ?? -1,
      endpoints: set?.endpoints ?? [],
    };
  });
  if (query.get("format") === "json") {
    return jsonAnswer({ cluster_statuses: shown.map((one) => clusterJson(context, one)) });
  }
  return textAnswer(shown.map((one) => clusterText(context, one)).join(""));
}

interface Shown {
  readonly breakers: ClusterPlan["breakers"];
  readonly cluster: ClusterPlan;
  /** In the node-wide tables; -1: not known yet. */
  readonly row: number;
  readonly endpoints: readonly EndpointFacts[];
}

/** The limits as the runtime has them now; of a budget what it allows. */
function breakersShown(context: PageContext, cluster: ClusterPlan, runtime: RuntimeView): ClusterPlan["breakers"] {
  const breakers = breakersNow(cluster, runtime);
  const stats = context.stats.block(CLUSTER, `cluster.${cluster.statName}.`);
  const running = (stats?.[CLUSTER.at.upstream_rq_active] ?? 0) + (stats?.[CLUSTER.at.upstream_rq_pending_active] ?? 0);
  const shown = (one: BreakerPlan): BreakerPlan =>
    one.retryBudget === null ? one : { ...one, retriesMax: budgetedRetries(one.retryBudget, running) };
  return { default: shown(breakers.default), high: shown(breakers.high) };
}

function clusterText(context: PageContext, { breakers, cluster, row, endpoints }: Shown): string {
  const lines = [`observability_name::${cluster.statName}`];
  if (cluster.outlier !== null) lines.push(...outlierLines(context.view.outliers, row));
  for (const priority of ["default", "high"] as const) {
    const breaker = breakers[priority];
    lines.push(
      `${priority}_priority::max_connections::${breaker.connectionsMax}`,
      `${priority}_priority::max_pending_requests::${breaker.pendingMax}`,
      `${priority}_priority::max_requests::${breaker.requestsMax}`,
      `${priority}_priority::max_retries::${breaker.retriesMax}`,
    );
  }
  lines.push("added_via_api::false");
  for (const endpoint of endpoints) {
    const address = addressText(endpoint.address);
    for (const [name, value] of hostFacts(context, cluster, endpoint)) lines.push(`${address}::${name}::${value}`);
  }
  return lines.map((line) => `${cluster.name}::${line}\n`).join("");
}

function hostFacts(
  context: PageContext,
  cluster: ClusterPlan,
  endpoint: EndpointFacts,
): [string, string | number | boolean][] {
  const stats = hostStats(context, cluster, endpoint);
  const counters = [...HOST.names].sort().map((name): [string, number] => [name, stats[HOST.names.indexOf(name)] ?? 0]);
  return [
    ...counters,
    ["hostname", endpoint.hostname],
    ["health_flags", healthText(context.view.healthFlags(endpoint))],
    ["weight", endpoint.weight],
    ["region", endpoint.locality.region],
    ["zone", endpoint.locality.zone],
    ["sub_zone", endpoint.locality.subZone],
    ["canary", endpoint.canary],
    ["priority", endpoint.priority],
    ["success_rate", context.view.outliers.rate(endpoint.slot, OutlierRate.Average)],
    ["local_origin_success_rate", context.view.outliers.rate(endpoint.slot, OutlierRate.LocalAverage)],
    ...(cluster.discovery.kind === "mesh" ? announcedFacts(context.view, endpoint) : []),
  ];
}

function hostStats(context: PageContext, cluster: ClusterPlan, endpoint: EndpointPlan): Float64Array {
  const prefix = `host.${cluster.name}.${addressText(endpoint.address)}.`;
  return context.stats.block(HOST, prefix) ?? new Float64Array(HOST.names.length);
}

function clusterJson(context: PageContext, { breakers, cluster, row, endpoints }: Shown): unknown {
  const { outliers } = context.view;
  const thresholds = (["default", "high"] as const).map((priority) => {
    const breaker = breakers[priority];
    return {
      ...(priority === "high" ? { priority: "HIGH" } : {}),
      max_connections: breaker.connectionsMax,
      max_pending_requests: breaker.pendingMax,
      max_requests: breaker.requestsMax,
      max_retries: breaker.retriesMax,
    };
  });
  const hosts = endpoints.map((endpoint) => hostJson(context, cluster, endpoint));
  return {
    name: cluster.name,
    ...thresholdJson("success_rate_ejection_threshold", outliers.rowRate(row, OutlierRate.Threshold)),
    ...(hosts.length > 0 ? { host_statuses: hosts } : {}),
    ...thresholdJson("local_origin_success_rate_ejection_threshold", outliers.rowRate(row, OutlierRate.LocalThreshold)),
    circuit_breakers: { thresholds },
    observability_name: cluster.statName,
  };
}

function hostJson(context: PageContext, cluster: ClusterPlan, endpoint: EndpointFacts): unknown {
  const { outliers } = context.view;
  const { address, locality } = endpoint;
  const values = hostStats(context, cluster, endpoint);
  const stats = HOST.names.map((name, i) => ({
    ...(i >= HOST.gaugesFrom ? { type: "GAUGE" } : {}),
    ...(values[i] ? { value: String(values[i]) } : {}),
    name,
  }));
  return {
    address:
      address.kind === "pipe"
        ? { pipe: { path: address.path } }
        : { socket_address: { address: address.host, port_value: address.port } },
    stats,
    health_status: healthJson(context.view.healthFlags(endpoint), endpoint),
    ...rateJson("success_rate", outliers.rate(endpoint.slot, OutlierRate.Average)),
    weight: endpoint.weight,
    ...(endpoint.hostname === "" ? {} : { hostname: endpoint.hostname }),
    ...(endpoint.priority === 0 ? {} : { priority: endpoint.priority }),
    ...rateJson("local_origin_success_rate", outliers.rate(endpoint.slot, OutlierRate.LocalAverage)),
    locality: {
      ...(locality.region === "" ? {} : { region: locality.region }),
      ...(locality.zone === "" ? {} : { zone: locality.zone }),
      ...(locality.subZone === "" ? {} : { sub_zone: locality.subZone }),
    },
    ...(cluster.discovery.kind === "mesh" ? announcedJson(context.view, endpoint) : {}),
  };
}

function healthJson(flags: number, { health }: EndpointFacts): unknown {
  const shown = HEALTH_FIELDS.filter(([flag]) => flag === ALWAYS || (flags & flag) !== 0);
  return Object.fromEntries(shown.map(([flag, field]) => [field, flag === ALWAYS ? EDS_STATUS[health] : true]));
}

/** Envoy's names of what EDS or the file says. */
export const EDS_STATUS: Readonly<Record<EndpointPlan["health"], string>> = {
  unknown: "HEALTHY",
  healthy: "HEALTHY",
  unhealthy: "UNHEALTHY",
  draining: "DRAINING",
  timeout: "UNHEALTHY",
  degraded: "DEGRADED",
};

const ALWAYS = 0;

/** Flags as admin.v3.HostHealthStatus names and orders them. */
const HEALTH_FIELDS: readonly (readonly [flag: number, field: string])[] = [
  [HealthFlag.FailedActiveHc, "failed_active_health_check"],
  [HealthFlag.FailedOutlierCheck, "failed_outlier_check"],
  [ALWAYS, "eds_health_status"],
  [HealthFlag.DegradedActiveHc, "failed_active_degraded_check"],
  [HealthFlag.PendingDynamicRemoval, "pending_dynamic_removal"],
  [HealthFlag.PendingActiveHc, "pending_active_hc"],
  [HealthFlag.ExcludedViaImmediateHcFail, "excluded_via_immediate_hc_fail"],
  [HealthFlag.ActiveHcTimeout, "active_hc_timeout"],
  [HealthFlag.DegradedOutlierDetection, "failed_degraded_outlier_detection"],
];
