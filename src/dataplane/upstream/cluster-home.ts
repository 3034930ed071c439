// What the pools, connections and endpoints of one cluster share on this worker: plan, counters, breakers, and the doors to time,
// sockets and codecs. Made by upstream-cluster.ts on the first request, because a configuration may have 10,000 clusters.
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import type { Http2Counters } from "../../protocol/h2/counters.ts";
import type { Pinger } from "../../protocol/h2/keepalive.ts";
import type { ByteSink, ClientCodec, ClientEvents } from "../../protocol/message.ts";
import type { NodeTables } from "../../telemetry/node-memory.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { BreakerUse } from "./breaker-use.ts";
import type { Dial, DialTargets } from "./dial-target.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { HostBlocks } from "./host-blocks.ts";
import type { OnSuspected } from "./outlier-monitor.ts";
import type { PassiveFailures } from "./passive-failures.ts";
import type { PendingRequest } from "./pending-queue.ts";
import type { Pool } from "./pool.ts";
import type { RawConnection } from "./raw-connection.ts";
import type { UpstreamRequest } from "./upstream.ts";

/** What the whole room is given by the worker. */
export interface UpstreamServices extends NodeTables {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly runtime: RuntimeView;
  readonly hostBlocks: HostBlocks;
  readonly passiveFailures: PassiveFailures;
  readonly dial: Dial;
  readonly codecs: ClientCodecs;
  readonly onSuspected: OnSuspected;
}

/** How codecs of upstream connections are made. */
export interface ClientCodecs {
  http1(sink: ByteSink, plan: ClusterPlan, events: ClientEvents): ClientCodec;
  http2(sink: ByteSink, plan: ClusterPlan, events: ClientEvents): CountingCodec;
}

/** A codec of HTTP/2: it counts for its owner, and pings. */
export interface CountingCodec extends ClientCodec, Pinger {
  readonly counters: Readonly<Http2Counters>;
}

/** One cluster's surroundings. */
export interface ClusterHome {
  readonly plan: ClusterPlan;
  readonly services: UpstreamServices;
  readonly targets: DialTargets;
  /** Of the cluster in the node-wide tables. */
  readonly row: number;
  /** CLUSTER block. */
  readonly stats: Float64Array;
  /** HTTP2_CODEC block, made for the first HTTP/2 connection. */
  readonly http2Stats: Float64Array;
  readonly breakers: BreakerUse;
  readonly drops: DropCounts;
  /** Histograms upstream_cx_connect_ms and upstream_cx_length_ms, made for the first connection. */
  readonly connectMs: Uint32Array;
  readonly lengthMs: Uint32Array;
  /** Requests that wait for a connection, to be found by `cancel`. */
  readonly pending: Map<UpstreamRequest, PendingRequest>;
  /** Raw connections that are not over. */
  readonly raws: Set<RawConnection>;
  /** Pools that hold connections or requests, those of endpoints that left included. */
  readonly pools: Set<Pool>;
}
