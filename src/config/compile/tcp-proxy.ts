// envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy to its plan. Called by filter-chain.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, decimal, flag, has, millis, oneOf, text } from "../load/fields.ts";
import type { TcpClusterPlan, TcpProxyPlan } from "../plan/tcp-proxy.ts";
import { compileAccessLogs } from "./access-log.ts";
import type { CompileContext } from "./context.ts";
import { statName } from "./stat-name.ts";
import { compileMetadataMatch } from "./subsets.ts";
import { timeoutMs } from "./timeout-ms.ts";

/** The full name of the message. */
export const TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

/** Compiles a TCP proxy. */
export function compileTcpProxy(context: CompileContext, proxy: CheckedMessage): TcpProxyPlan {
  for (const [field, feature, instead] of REFUSED) {
    if (proxy.fields[field] !== undefined) context.refuse(proxy, field, feature, instead);
  }
  if ((text(proxy, "upstream_connect_mode") ?? "IMMEDIATE") !== "IMMEDIATE") {
    const instead = "leave it out: the connection is made at once";
    context.refuse(proxy, "upstream_connect_mode", "connecting upstream later than at once", instead);
  }
  const jitter = child(proxy, "max_downstream_connection_duration_jitter_percentage");
  const backOff = child(proxy, "backoff_options");
  const backOffBaseMs = backOff === undefined ? 0 : Math.max(1, millis(backOff, "base_interval") ?? 0);
  return {
    kind: "tcp",
    statPrefix: statName(text(proxy, "stat_prefix") ?? ""),
    clusters: clustersOf(proxy),
    hashesSource: hashesSource(context, proxy),
    idleTimeoutMs: timeoutMs(proxy, "idle_timeout", 3_600_000),
    durationMaxMs: millis(proxy, "max_downstream_connection_duration") ?? Number.POSITIVE_INFINITY,
    durationJitterPercent: jitter === undefined ? 0 : (decimal(jitter, "value") ?? 0),
    connectAttemptsMax: count(proxy, "max_connect_attempts") ?? 1,
    connectBackOffBaseMs: backOffBaseMs,
    connectBackOffMaxMs: (backOff === undefined ? undefined : millis(backOff, "max_interval")) ?? backOffBaseMs * 10,
    ...accessLogging(context, proxy),
    checksDrain: flag(proxy, "check_drain_close") ?? false,
  };
}

function clustersOf(proxy: CheckedMessage): TcpClusterPlan[] {
  const metadataMatch = compileMetadataMatch(proxy, null);
  if (oneOf(proxy, ["cluster", "weighted_clusters"]) !== "weighted_clusters") {
    return [{ name: text(proxy, "cluster") ?? "", weight: 1, metadataMatch }];
  }
  return children(child(proxy, "weighted_clusters") as CheckedMessage, "clusters").map((one) => ({
    name: text(one, "name") ?? "",
    weight: count(one, "weight") ?? 0,
    metadataMatch: compileMetadataMatch(one, metadataMatch),
  }));
}

/** Whether the client's address is hashed. */
function hashesSource(context: CompileContext, proxy: CheckedMessage): boolean {
  let hashes = false;
  for (const policy of children(proxy, "hash_policy")) {
    if (has(policy, "filter_state")) {
      context.refuse(policy, "filter_state", "hashing filter state", "hash the source_ip, or leave hash_policy out");
    } else if (has(policy, "source_ip")) hashes = true;
  }
  return hashes;
}

function accessLogging(
  context: CompileContext,
  proxy: CheckedMessage,
): Pick<TcpProxyPlan, "accessLogs" | "logIntervalMs" | "logsOnConnected"> {
  const options = child(proxy, "access_log_options");
  const of = <T>(read: (message: CheckedMessage, field: string) => T | undefined, field: string): T | undefined =>
    (options === undefined ? undefined : read(options, field)) ?? read(proxy, field);
  return {
    accessLogs: compileAccessLogs(context, proxy, "access_log"),
    logIntervalMs: of(millis, "access_log_flush_interval") ?? Number.POSITIVE_INFINITY,
    logsOnConnected: of(flag, "flush_access_log_on_connected") ?? false,
  };
}

const REFUSED: readonly (readonly [field: string, feature: string, instead: string])[] = [
  ["on_demand", "clusters found on demand", "name a cluster of the file"],
  ["tunneling_config", "tunnelling TCP through HTTP", "connect to the upstream without it"],
  ["proxy_protocol_tlvs", "the PROXY protocol", "leave it out"],
];
