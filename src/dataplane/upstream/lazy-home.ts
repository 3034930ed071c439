// What one cluster's parts share, made as it is asked for: blocks and histograms of clusters without such traffic cost nothing. Made by
// upstream-cluster.ts.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import { HTTP2_CODEC } from "../../telemetry/codec-stats.ts";
import { BreakerUse } from "./breaker-use.ts";
import type { ClusterHome, UpstreamServices } from "./cluster-home.ts";
import { DialTargets } from "./dial-target.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { PendingRequest } from "./pending-queue.ts";
import type { Pool } from "./pool.ts";
import type { RawConnection } from "./raw-connection.ts";
import type { Cluster, UpstreamRequest } from "./upstream.ts";

/** The surroundings of one cluster. */
export class LazyHome implements ClusterHome {
  readonly plan: ClusterPlan;
  readonly services: UpstreamServices;
  readonly targets: DialTargets;
  readonly row: number;
  readonly stats: Float64Array;
  readonly breakers: BreakerUse;
  readonly drops: DropCounts;
  readonly pending: Map<UpstreamRequest, PendingRequest> = new Map();
  readonly raws: Set<RawConnection> = new Set();
  readonly pools: Set<Pool> = new Set();
  private readonly prefix: string;
  private http2Block: Float64Array | null = null;
  private connectBuckets: Uint32Array | null = null;
  private lengthBuckets: Uint32Array | null = null;

  constructor(
    { plan, drops, stats }: Pick<Cluster, "plan" | "drops" | "stats">,
    services: UpstreamServices,
    row: number,
  ) {
    this.plan = plan;
    this.drops = drops;
    this.services = services;
    this.targets = new DialTargets(plan);
    this.row = row;
    this.stats = stats;
    this.prefix = `cluster.${plan.statName}.`;
    this.breakers = new BreakerUse(plan, services.breakers, row, services.runtime);
  }

  get http2Stats(): Float64Array {
    this.http2Block ??= this.services.stats.block(HTTP2_CODEC, `${this.prefix}http2.`);
    return this.http2Block;
  }

  get connectMs(): Uint32Array {
    this.connectBuckets ??= this.services.stats.histogram(`${this.prefix}upstream_cx_connect_ms`);
    return this.connectBuckets;
  }

  get lengthMs(): Uint32Array {
    this.lengthBuckets ??= this.services.stats.histogram(`${this.prefix}upstream_cx_length_ms`);
    return this.lengthBuckets;
  }
}
