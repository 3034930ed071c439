// envoy.config.cluster.v3.Cluster to ClusterPlan. Called by bootstrap.ts before the listeners.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, decimal, flag, millis, text } from "../load/fields.ts";
import type { ClusterPlan, EndpointPlan } from "../plan/cluster.ts";
import type { UpstreamTlsPlan } from "../plan/tls.ts";
import { compileSocketAddress } from "./address.ts";
import { compileBalancing } from "./balancer.ts";
import { compileBreakers } from "./breakers.ts";
import { bufferBytesMax } from "./buffer-limit.ts";
import type { CompileContext } from "./context.ts";
import { compileDnsDiscovery } from "./dns-discovery.ts";
import { compileDropOverload } from "./drop-overload.ts";
import { compileEndpoints } from "./endpoint.ts";
import { refuseHostnameHashing } from "./hash-balancer.ts";
import { compileHealthChecks } from "./health-check.ts";
import { upstreamKeepaliveS } from "./keepalive.ts";
import { compileMeshDiscovery } from "./mesh-cluster.ts";
import { metadataOf } from "./metadata.ts";
import { compileOutlier } from "./outlier.ts";
import { statName } from "./stat-name.ts";
import { compileUpstreamTls, RAW_BUFFER, UPSTREAM_TLS } from "./tls.ts";
import { compileUpstreamProtocol } from "./upstream-protocol.ts";

/** Compiles one cluster. */
export function compileCluster(context: CompileContext, cluster: CheckedMessage): ClusterPlan {
  const name = text(cluster, "name") ?? "";
  const mesh = compileMeshDiscovery(context, cluster);
  const kind = refuseKinds(context, cluster);
  if (mesh === null && kind !== "strict_dns") refuseHostnameHashing(context, cluster, kind);
  const assignment = child(cluster, "load_assignment");
  const endpoints =
    assignment === undefined || mesh !== null
      ? []
      : compileEndpoints(context, assignment, kind === "static" ? "ip" : "name");
  const tls = transportSocket(context, cluster);
  const { supportsHttp2, ...protocol } = compileUpstreamProtocol(context, cluster);
  if (protocol.protocol === "alpn" && tls === null) {
    const instead = "use explicit_http_config, or give the cluster an UpstreamTlsContext";
    context.refuse(cluster, "typed_extension_protocol_options", "auto_config without TLS", instead);
  }
  return {
    name,
    statName: statName(text(cluster, "alt_stat_name") || name),
    discovery: mesh ?? discoveryOf(context, cluster, kind, endpoints),
    ...compileBalancing(context, cluster),
    connectTimeoutMs: millis(cluster, "connect_timeout") ?? 5_000,
    tls,
    ...protocol,
    breakers: compileBreakers(context, cluster),
    perConnectionBufferBytesMax: bufferBytesMax(context, cluster),
    panicThresholdPercent: panicThreshold(cluster),
    overprovisioningPercent: overprovisioning(assignment),
    dropOverload: compileDropOverload(context, assignment),
    bindAddress: bindAddress(context, cluster),
    keepaliveS: upstreamKeepaliveS(context, cluster),
    healthChecks: compileHealthChecks(context, cluster, { supportsHttp2, hasTls: tls !== null }),
    outlier: compileOutlier(context, cluster),
    ignoreHealthOnHostRemoval: flag(cluster, "ignore_health_on_host_removal") ?? false,
    ignoreNewHostsUntilFirstCheck: ignoresNewHosts(cluster),
    endpointStats: showsEndpoints(context, cluster),
    metadata: metadataOf(cluster),
  };
}

type Kind = "static" | "strict_dns" | "logical_dns";

function refuseKinds(context: CompileContext, cluster: CheckedMessage): Kind {
  for (const [field, feature, instead] of REFUSED) {
    if (cluster.fields[field] === undefined) continue;
    context.refuse(cluster, field, feature, instead);
  }
  const type = text(cluster, "type") ?? "STATIC";
  switch (type) {
    case "STATIC":
      return "static";
    case "STRICT_DNS":
      return "strict_dns";
    case "LOGICAL_DNS":
      return "logical_dns";
    default:
      acknowledge(cluster, "eds_cluster_config");
      context.refuse(cluster, "type", `clusters of type ${type}`, "use STATIC, STRICT_DNS or LOGICAL_DNS");
      return "strict_dns";
  }
}

function discoveryOf(
  context: CompileContext,
  cluster: CheckedMessage,
  kind: Kind,
  endpoints: readonly EndpointPlan[],
): ClusterPlan["discovery"] {
  if (kind === "static") return { kind, endpoints };
  const assignment = child(cluster, "load_assignment");
  const localities = assignment === undefined ? 0 : children(assignment, "endpoints").length;
  if (kind === "logical_dns" && (localities !== 1 || endpoints.length !== 1)) {
    const what = assignment === undefined ? "host" : "locality_lb_endpoint and a single lb_endpoint";
    context.error(cluster, "load_assignment", `LOGICAL_DNS clusters must have a single ${what}`);
  }
  return compileDnsDiscovery(context, cluster, kind, endpoints);
}

function transportSocket(context: CompileContext, cluster: CheckedMessage): UpstreamTlsPlan | null {
  const socket = child(cluster, "transport_socket");
  if (socket === undefined) return null;
  const name = text(socket, "name") ?? "";
  const config = child(socket, "typed_config");
  if (config?.type === UPSTREAM_TLS) return compileUpstreamTls(context, config);
  if (config?.type === RAW_BUFFER) return null;
  if (config === undefined) {
    context.error(socket, "", `Didn't find a registered implementation for '${name}' with type URL: ''`);
    return null;
  }
  const feature = `the transport socket '${name}' (${config.type}) of a cluster`;
  context.refuse(socket, "typed_config", feature, `use ${UPSTREAM_TLS}, or none for cleartext`);
  return null;
}

function panicThreshold(cluster: CheckedMessage): number {
  const common = child(cluster, "common_lb_config");
  const percent = common === undefined ? undefined : child(common, "healthy_panic_threshold");
  return percent === undefined ? 50 : (decimal(percent, "value") ?? 0);
}

function ignoresNewHosts(cluster: CheckedMessage): boolean {
  const common = child(cluster, "common_lb_config");
  return (common === undefined ? undefined : flag(common, "ignore_new_hosts_until_first_hc")) ?? false;
}

function showsEndpoints(context: CompileContext, cluster: CheckedMessage): boolean {
  const tracked = child(cluster, "track_cluster_stats");
  if (tracked === undefined || flag(tracked, "per_endpoint_stats") !== true) return false;
  // In Envoy a report takes an endpoint's counts away, so that /stats could not show them.
  if (context.hasLoadStats) context.deviation(tracked, "per_endpoint_stats", ONE_OF_TWO, BOTH);
  return true;
}

function overprovisioning(assignment: CheckedMessage | undefined): number {
  const policy = assignment === undefined ? undefined : child(assignment, "policy");
  return (policy === undefined ? undefined : count(policy, "overprovisioning_factor")) ?? 140;
}

function bindAddress(context: CompileContext, cluster: CheckedMessage): string {
  const config = child(cluster, "upstream_bind_config");
  const source = config === undefined ? undefined : child(config, "source_address");
  const address = source === undefined ? null : compileSocketAddress(context, source, "ip");
  if (source === undefined || address === null) return "";
  if (address.port !== 0) {
    context.refuse(source, "port_value", "a fixed source port", "use port_value: 0");
  }
  return address.host;
}

const ONE_OF_TWO = "Only one of cluster per_endpoint_stats and cluster manager load_stats_config can be specified";
const BOTH = "Envoy refuses it beside cluster_manager.load_stats_config; here both work";

const REFUSED: readonly (readonly [field: string, feature: string, instead: string])[] = [
  ["transport_socket_matches", "transport sockets chosen by endpoint", "use one transport_socket for the cluster"],
  ["filters", "network filters of a cluster", "leave them out"],
  ["upstream_config", "upstream extensions", "leave it out"],
];
