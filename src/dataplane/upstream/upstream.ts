// The face of the upstream room towards the exchange: clusters, endpoints, and one stream to one of them.

import type { Bits64 } from "../../base/bits64.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { ClusterPlan, HashBalancerPlan } from "../../config/plan/cluster.ts";
import type { MetadataMatchPlan } from "../../config/plan/subset.ts";
import type { Channel, NetFault } from "../../net/channel.ts";
import type { MessageSink, MessageWriter } from "../../protocol/message.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { OutlierMonitor } from "./outlier-monitor.ts";

/** All clusters of this worker. */
export interface Upstreams {
  /** The cluster of this name, null when the configuration has none. */
  cluster(name: string): Cluster | null;
}

/** One cluster as one worker sees it. */
export interface Cluster {
  readonly plan: ClusterPlan;
  /** Whether its balancer goes by the hash of a request; null: it does not. */
  readonly hashing: HashBalancerPlan | null;
  /** CLUSTER block (telemetry/cluster-stats.ts). The room counts connections, pending and active requests; the router counts answers, timeouts and retries. */
  readonly stats: Float64Array;
  /** For load reports. The room counts requests that find a breaker full, the router those that drop_overloads refuses. */
  readonly drops: DropCounts;
  /** Told by the router what attempts came to; null: no outlier detection. */
  readonly outlier: OutlierMonitor | null;
  /** How many endpoints there are, and how many of them are healthy or degraded, counted now. */
  membership(): { readonly total: number; readonly available: number };
  /** Picks an endpoint and asks its pool for a stream. The outcome comes through the request's callbacks, possibly before this returns. */
  open(request: UpstreamRequest): void;
  /** The same for a CONNECT that ends here: the stream is a connection of its own, and its answer 200 as soon as that stands. */
  openRaw(request: UpstreamRequest): void;
  /** Takes back a request that was given to this object's `open` or `openRaw` and is neither open nor failed yet. */
  cancel(request: UpstreamRequest): void;
  /**
   * Dials a connection of its own to an endpoint that it picks. The failure of an attempt that was not even begun is the answer; it
   * has no endpoint when none was to be had: the cluster's connections are used up (`overflow`), or no endpoint is healthy.
   */
  connect(wish: RawWish): RawStream | OpenFailure;
  /** Takes a place among the retries that run at once (circuit breaker max_retries); false: none is free. The router counts the overflow. */
  beginRetry(priority: "default" | "high"): boolean;
  /** Gives back what `beginRetry` took, when the retry has its answer or failed. */
  endRetry(priority: "default" | "high"): void;
}

/** A wish for one connection whose bytes only its owner understands: the TCP proxy's, once per attempt. */
export interface RawWish {
  /** As a request's. */
  readonly hash?: Bits64 | null;
  readonly metadataMatch?: MetadataMatchPlan | null;
  onRawOpen(connection: RawStream): void;
  /** It never stood. */
  onRawFailed(failure: OpenFailure): void;
  /** Bytes `[start, end)`, valid during the call only. */
  onRawData(bytes: Uint8Array, start: number, end: number): void;
  /** The endpoint sent FIN; the other direction goes on. */
  onRawEnd(): void;
  /** The queue towards the endpoint was high and is low again. */
  onRawDrain(): void;
  /** The open connection is gone, once, also after `close` and `abort`. */
  onRawClosed(fault: NetFault | null): void;
}

/** A raw connection, from the moment it is dialled. */
export interface RawStream {
  readonly endpoint: Endpoint;
  readonly channel: Channel;
  /** No more goes to the endpoint: FIN. */
  finish(): void;
  /** Ends it when what is queued has left. While it connects: gives it up, and the wish hears no more of it. */
  close(): void;
  /** Ends it now. */
  abort(how: "reset" | "close"): void;
}

/** One endpoint that can be picked. */
export interface Endpoint {
  readonly address: AddressPlan;
  /** `127.0.0.1:80`, as /clusters and access logs show it. */
  readonly text: string;
  /** Name it was configured by, for host_rewrite auto and SNI. */
  readonly hostname: string;
  /** Its metadata says so (envoy.lb, canary). */
  readonly isCanary: boolean;
  /** A struct for each namespace. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** HOST block (telemetry/host-stats.ts). */
  readonly stats: Float64Array;
  /** Index of its health byte in the shared health table. */
  readonly slot: number;
  /** It has left the cluster: its slot may be another one's. */
  readonly isRetired: boolean;
  /** An answer of it carried x-envoy-immediate-health-check-fail: where the cluster has active checks it fails them from now on. */
  failAtOnce(): void;
}

/** A wish for one stream; made by the exchange's router, once per attempt. */
export interface UpstreamRequest {
  /** Circuit breaker priority. */
  readonly priority: "default" | "high";
  /** Protocol of the downstream request, for clusters that follow it. */
  readonly downstreamProtocol: "http1" | "http2";
  /** `:authority` of the request; asked for only when the cluster has auto_sni. Absent: none. */
  authority?(): string;
  /** What hashing balancers choose by; absent, null: chance. */
  readonly hash?: Bits64 | null;
  /** Labels that its endpoint must have, in clusters with subsets; absent, null: none. */
  readonly metadataMatch?: MetadataMatchPlan | null;
  /** Whether another endpoint than this one is wanted: up to `repicksMax` more picks look for one. */
  avoids(endpoint: Endpoint): boolean;
  readonly repicksMax: number;
  /** Receives the response. */
  readonly sink: MessageSink;
  onOpen(stream: UpstreamStream): void;
  onOpenFailed(failure: OpenFailure): void;
}

/** An open stream to an endpoint. */
export interface UpstreamStream {
  readonly writer: MessageWriter;
  readonly endpoint: Endpoint;
  readonly channel: Channel;
  /** `raw`: of a CONNECT that ends here. */
  readonly protocol: "http1" | "http2" | "raw";
  /** Whether this connection had already answered a request: its death before a byte of answer is safe to retry once. */
  readonly reused: boolean;
  /** Whether no byte came on the connection since this stream was opened; also after its end. A fact for whoever decides about retries. */
  readonly unanswered: boolean;
}

/** Why no stream was opened, in Envoy's terms. */
export interface OpenFailure {
  /** no_healthy_upstream (UH), overflow (UO), connection_failure (UF), connection_timeout (UF). */
  readonly kind: "no_healthy_upstream" | "overflow" | "connection_failure" | "connection_timeout";
  /** `delayed_connect_error:_Connection_refused`, `TLS_error:…`, or empty: the tail of response code details. */
  readonly transportText: string;
  /** The endpoint that was tried, null when none was picked. */
  readonly endpoint: Endpoint | null;
}
