// envoy.config.bootstrap.v3.Bootstrap to Plan: runtime and clusters first, because listeners refer to them. Called by compile-plan.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, has, json, millis, text } from "../load/fields.ts";
import type { ClusterPlan } from "../plan/cluster.ts";
import type { ListenerPlan } from "../plan/listener.ts";
import type { AdminPlan, NodePlan, Plan } from "../plan/plan.ts";
import type { RuntimePlan } from "../plan/runtime.ts";
import { compileAccessLogs, defaultFileLog } from "./access-log.ts";
import { compileAddress } from "./address.ts";
import { compileCluster } from "./cluster.ts";
import type { CompileContext } from "./context.ts";
import { compileLocality } from "./endpoint.ts";
import { checkListenerAddresses, compileListener } from "./listener.ts";
import { compileLoadReports, hasLoadStats } from "./load.ts";
import { compileMesh } from "./mesh.ts";
import { withMeshLayer } from "./mesh-runtime.ts";
import { plainJson } from "./metadata.ts";
import { compileOtlpEnvironment } from "./otlp-environment.ts";
import { compileConnectionsMax } from "./overload.ts";
import { compileRuntime } from "./runtime.ts";
import { checkRtdsClusters } from "./runtime-discovery.ts";
import { compileStats } from "./stats.ts";
import { compileStatsSinks } from "./stats-sinks.ts";

/** Compiles everything; the plan means something only when the context has no errors. */
export function compileBootstrap(context: CompileContext, bootstrap: CheckedMessage): Plan {
  const node = compileNode(context, child(bootstrap, "node"));
  context.localCluster = node.cluster;
  context.localNode = node;
  const { mesh, roles, eds, runtimeLayer } = compileMesh(context, bootstrap, node);
  const runtime = withMeshLayer(context, compileRuntime(context, bootstrap, node), runtimeLayer);
  context.downstreamConnectionsMax = compileConnectionsMax(context, bootstrap);
  refuseDiscovery(context, bootstrap, runtime);
  context.hasLoadStats = hasLoadStats(bootstrap);
  const resources = child(bootstrap, "static_resources");
  const otlp = compileOtlpEnvironment(context);
  const written = resources === undefined ? [] : children(resources, "clusters");
  const clusters = compileClusters(context, [...written, ...otlp.clusters]);
  checkRtdsClusters(context, bootstrap, runtime);
  const listeners = resources === undefined ? [] : compileListeners(context, children(resources, "listeners"));
  const statsFlushIntervalMs = flushInterval(context, bootstrap);
  const metricsSinks = compileStatsSinks(context, bootstrap, statsFlushIntervalMs);
  return {
    version: "",
    node,
    roles,
    mesh,
    eds,
    // Without the role a node gives its counts to one that reports.
    load: compileLoadReports(context, bootstrap, roles.includes("load") || mesh?.load === "merged"),
    admin: compileAdmin(context, child(bootstrap, "admin")),
    // Compiled all the same: a file is right or wrong whatever the role.
    listeners: roles.includes("proxy") ? listeners : [],
    clusters,
    runtime,
    rateBuckets: context.rateBuckets,
    outlierLogPath: outlierLogPath(bootstrap),
    statsFlushIntervalMs,
    stats: compileStats(context, bootstrap),
    // A sink of the file is where metrics go: a second one would tell all of them again.
    metricsSinks: otlp.metrics === null || metricsSinks.length > 0 ? metricsSinks : [otlp.metrics],
    ownLog: otlp.ownLog,
    compat: context.options.compat,
  };
}

function compileClusters(context: CompileContext, messages: readonly CheckedMessage[]): ClusterPlan[] {
  return messages.map((message) => {
    const cluster = compileCluster(context, message);
    if (context.clusterNames.has(cluster.name)) {
      context.error(message, "name", `cluster manager: duplicate cluster '${cluster.name}'`);
    }
    context.clusterNames.add(cluster.name);
    return cluster;
  });
}

function compileListeners(context: CompileContext, messages: readonly CheckedMessage[]): ListenerPlan[] {
  const compiled = messages.map((message) => compileListener(context, message));
  // A later listener of the same name replaces the earlier one in Envoy, as an update of it would.
  compiled.forEach((listener, index) => {
    const message = messages[index];
    const later = compiled.findIndex((other, at) => at > index && other?.name === listener?.name);
    if (listener === null || message === undefined || later === -1) return;
    context.warn(message, "name", `listener '${listener.name}' is not served: a later one has the same name`);
    compiled[index] = null;
  });
  checkListenerAddresses(context, messages, compiled);
  return compiled.filter((listener): listener is ListenerPlan => listener !== null);
}

function refuseDiscovery(context: CompileContext, bootstrap: CheckedMessage, { layers }: RuntimePlan): void {
  const dynamic = child(bootstrap, "dynamic_resources");
  if (dynamic === undefined) return;
  const isAdsUsed = layers.some(
    (layer) => layer.kind === "rtds" && layer.source.kind === "grpc" && layer.source.stream === "aggregated",
  );
  for (const field of Object.keys(dynamic.fields)) {
    if (field === "ads_config" && isAdsUsed) continue;
    const instead = "list listeners and clusters in static_resources";
    context.refuse(dynamic, field, `resources from a discovery server or file (${field})`, instead);
  }
}

function compileNode(context: CompileContext, node: CheckedMessage | undefined): NodePlan {
  // As in Envoy, the flags win over the file.
  const { serviceCluster, serviceNode, serviceZone } = context.options;
  const locality = compileLocality(node === undefined ? undefined : child(node, "locality"));
  const own = (field: string): string => (node === undefined ? "" : (text(node, field) ?? ""));
  return {
    id: serviceNode || own("id"),
    cluster: serviceCluster || own("cluster"),
    region: locality.region,
    zone: serviceZone || locality.zone,
    subZone: locality.subZone,
    metadata: (node === undefined ? {} : plainJson(json(node, "metadata") ?? {})) as Readonly<Record<string, unknown>>,
  };
}

function compileAdmin(context: CompileContext, admin: CheckedMessage | undefined): AdminPlan | null {
  if (admin === undefined) return null;
  const path = text(admin, "access_log_path") ?? "";
  const message = child(admin, "address");
  const address = message === undefined ? null : compileAddress(context, message, "ip");
  if (address === null) return null;
  const logs = compileAccessLogs(context, admin, "access_log").flatMap((log) => {
    if (log.sink !== "otlp") return [log];
    context.warn(
      admin,
      "access_log",
      "the admin server's access log is not sent over OTLP: use a file, stdout or stderr logger",
    );
    return [];
  });
  return { address, accessLogs: path === "" ? logs : [...logs, defaultFileLog(path)] };
}

function outlierLogPath(bootstrap: CheckedMessage): string {
  const manager = child(bootstrap, "cluster_manager");
  const detection = manager === undefined ? undefined : child(manager, "outlier_detection");
  return (detection === undefined ? undefined : text(detection, "event_log_path")) ?? "";
}

function flushInterval(context: CompileContext, bootstrap: CheckedMessage): number {
  const interval = millis(bootstrap, "stats_flush_interval");
  if (flag(bootstrap, "stats_flush_on_admin") === true) {
    if (has(bootstrap, "stats_flush_interval")) {
      const says = "Only one of stats_flush_interval or stats_flush_on_admin should be set!";
      context.error(bootstrap, "stats_flush_on_admin", says);
    } else {
      context.warn(bootstrap, "stats_flush_on_admin", "stats_flush_on_admin is accepted and not acted on");
    }
  }
  return interval ?? 5_000;
}
