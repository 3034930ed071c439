// The TCP proxy as the workers run it.
import type { AccessLogPlan } from "./access-log.ts";
import type { MetadataMatchPlan } from "./subset.ts";

/** envoy.filters.network.tcp_proxy */
export interface TcpProxyPlan {
  readonly kind: "tcp";
  readonly statPrefix: string;
  /** One at least, chosen by weight. */
  readonly clusters: readonly TcpClusterPlan[];
  /** hash_policy: hashing balancers choose by the client's address. */
  readonly hashesSource: boolean;
  /** Without a byte either way; default 3 600 000; Infinity: none. */
  readonly idleTimeoutMs: number;
  /** max_downstream_connection_duration; Infinity: none. */
  readonly durationMaxMs: number;
  /** How much longer than that it may be, by chance; default 0. */
  readonly durationJitterPercent: number;
  /** Default 1. */
  readonly connectAttemptsMax: number;
  /** Pause before a further attempt: a random part of this, doubled with each up to `connectBackOffMaxMs`; 0: none. */
  readonly connectBackOffBaseMs: number;
  readonly connectBackOffMaxMs: number;
  readonly accessLogs: readonly AccessLogPlan[];
  /** How often a line is written while the connection lasts; Infinity: at its end only. */
  readonly logIntervalMs: number;
  /** flush_access_log_on_connected. */
  readonly logsOnConnected: boolean;
  /** check_drain_close: the next byte of a connection ends it while its listener drains. */
  readonly checksDrain: boolean;
}

/** One of weighted_clusters. */
export interface TcpClusterPlan {
  readonly name: string;
  readonly weight: number;
  /** Its metadata_match over the proxy's; null: neither has one. */
  readonly metadataMatch: MetadataMatchPlan | null;
}
