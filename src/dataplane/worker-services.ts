// What one listener worker gives its listeners, and what it may ask of each: the door between workers/listener.ts and the data plane.
// The worker makes the services once per thread; listener-service.ts makes one ListenerService per configured listener.
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";
import type { OtlpLogPlan } from "../config/plan/otlp.ts";
import type { RuntimeView } from "../config/plan/runtime.ts";
import type { Channel } from "../net/channel.ts";
import type { Admission } from "../net/listen-events.ts";
import type { AccessLogs } from "../telemetry/access-log.ts";
import type { Http2Use } from "../telemetry/http2-use.ts";
import type { LineBatches } from "../telemetry/line-batches.ts";
import type { ModuleWatch } from "../telemetry/module-watch.ts";
import type { NodeCounts } from "../telemetry/node-counts.ts";
import type { SpanBatches } from "../telemetry/span-batches.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { Upstreams } from "./upstream/upstream.ts";

/** Everything that the requests of one thread share. */
export interface WorkerServices {
  readonly clock: Clock;
  /** Advanced by the worker's only interval. */
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly upstreams: Upstreams;
  /** Open log files of this thread (`createAccessLogs`); the worker calls its `flush` at exit and `reopen` on SIGUSR1. */
  readonly accessLogs: AccessLogs;
  /** Finished spans on their way out. */
  readonly spans: SpanBatches;
  /** Records of access logs on their way out. */
  readonly records: LineBatches<OtlpLogPlan>;
  /** Final runtime values; swapped as a whole when a layer changes. */
  runtime: RuntimeView;
  /** Token buckets that the workers of the node share, by the names in the plan; swapped as a whole with each plan. */
  rateBuckets: ReadonlyMap<string, SharedArrayBuffer>;
  /** Added to `clock.nowMs()` it is a time that all threads of the node have in common. */
  readonly sharedOffsetMs: number;
  /** What the workers of the node have of something together. */
  readonly counts: NodeCounts;
  /** What this worker serves over HTTP/2, for the supervisor to see. */
  readonly http2Use: Http2Use;
  /** Which filter module runs, for the supervisor to see. */
  readonly modules: ModuleWatch;
  /** `worker_0`: the token of this worker's share of `listener.<token>.worker_0.downstream_cx_total`. */
  readonly workerName: string;
  /** This machine's name, for `%HOSTNAME%`. */
  readonly hostname: string;
  /** This machine's address for x-forwarded-for when the peer is on loopback: its first address that is not, else `127.0.0.1`. */
  readonly localAddress: string;
  /** Bytes of bodies that this worker may hold; above it new requests get 503 `overload`. Default `MEMORY_BYTES_MAX`. */
  readonly memoryBytesMax: number;
  /** An own mistake: an exchange or a connection was ended because of it. The worker logs it once and counts it. */
  onBug(error: unknown): void;
  /** A line of the node's log that a filter writes; whoever calls bounds them. */
  log(level: "debug" | "info" | "warning" | "error", text: string): void;
}

/** A connection that can be asked to end. */
export interface DrainableConnection {
  /** Streams open now. */
  readonly exchanges: number;
  drain(): void;
}

/** One listener in one worker: owns its accepted connections. */
export interface ListenerService {
  /** Takes over an accepted connection, its handshake done and its filter chain chosen. `admission`: ended with it; default none. */
  onChannel(channel: Channel, chain: FilterChainPlan, admission?: Admission): void;
  /**
   * New connections and new requests use the new plan; requests in flight end with the one they began with. Connections whose chain is gone, or
   * has other TLS terms or codec options, end with their next answer; without one after `lateMs` (default 0).
   */
  applyPlan(plan: ListenerPlan, lateMs?: number): void;
  /**
   * `final` false: asks every connection to end when its requests are done (connection: close, GOAWAY), and new ones too.
   * `final` true: closes what is still open now.
   * `spreadMs` (default 0): the share of answers that end their connection grows to all over this time, as Envoy's gradual drain.
   */
  drain(final: boolean, spreadMs?: number): void;
  /** While on, answers say `connection: close` as Envoy does after healthcheck/fail, but for drain_type MODIFY_ONLY. Off by default. */
  setFailing(failing: boolean): void;
  /** Connections open now. */
  connections(): number;
  /** Requests in flight now. */
  requests(): number;
  /** Of the HTTP/2 connections that nobody asked to end: the one with most streams, at least 1 and fewer than `streamsBelow`. */
  busiestHttp2(streamsBelow: number): DrainableConnection | null;
}

/** Makes the service of one listener. */
export type CreateListenerService = (services: WorkerServices, plan: ListenerPlan) => ListenerService;

/** Default of `memoryBytesMax`: 256 MiB a worker. */
export const MEMORY_BYTES_MAX: number = 256 * 1024 * 1024;
