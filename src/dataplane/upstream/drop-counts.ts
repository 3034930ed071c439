// What one cluster refuses on this worker without asking an endpoint, counted for load reports; nothing until it happens. Kept by
// upstream-cluster.ts.
import { DROP } from "../../telemetry/drop-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";

/** `rq_dropped`: a breaker was full; `rq_drop_overload`: the share of drop_overloads. */
export type DropReason = keyof typeof DROP.at;

/** The counts of one cluster. */
export class DropCounts {
  private readonly stats: StatsWriter;
  private readonly cluster: string;
  private block: Float64Array | null = null;

  constructor(stats: StatsWriter, cluster: string) {
    this.stats = stats;
    this.cluster = cluster;
  }

  /** One more. */
  count(why: DropReason): void {
    this.block ??= this.stats.block(DROP, `drop.${this.cluster}.`);
    count(this.block, DROP.at[why]);
  }
}
