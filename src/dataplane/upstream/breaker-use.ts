// Circuit breakers of one cluster as one worker uses them: own use is written to a shared row, limits are checked against the sum of
// all workers. Called by the pools and, for retries, by the router through the cluster.
import type { BreakerPlan, ClusterPlan } from "../../config/plan/cluster.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";
import type { UseTable } from "../../telemetry/use-table.ts";

/** What a breaker limits; `Pools` are connection pools. */
export const Resource = { Connections: 0, Pending: 1, Requests: 2, Retries: 3, Pools: 4 } as const;

/** Index of a routing priority in all that is kept per priority. */
export const PriorityIndex = { default: 0, high: 1 } as const;

/** The breakers of one cluster. */
export class BreakerUse {
  private readonly table: UseTable;
  private readonly row: number;
  private readonly limits: readonly number[];
  private readonly stats: Float64Array;
  private readonly remaining: readonly (StatSlot | null)[];
  private readonly isFirstWorker: boolean;

  constructor(plan: ClusterPlan, table: UseTable, row: number, stats: Float64Array, writer: StatsWriter) {
    this.table = table;
    this.row = row;
    this.stats = stats;
    // The first worker's share of `remaining_*` carries the limit, so that the sum over workers is what remains.
    this.isFirstWorker = table.worker === 0;
    this.limits = [...limitsOf(plan.breakers.default), ...limitsOf(plan.breakers.high)];
    this.remaining = (["default", "high"] as const).flatMap((priority) =>
      REMAINING.map((name) =>
        plan.breakers[priority].trackRemaining
          ? writer.gauge(`cluster.${plan.statName}.circuit_breakers.${priority}.${name}`)
          : null,
      ),
    );
    for (let at = 0; at < this.limits.length; at++) this.showRemaining(at);
  }

  /** Whether one more would pass the limit. `priority`: a PriorityIndex. */
  isFull(priority: number, resource: number): boolean {
    const at = priority * RESOURCES + resource;
    return this.table.sum(this.row, at) >= (this.limits[at] as number);
  }

  /** Takes (1) or gives back (-1). */
  add(priority: number, resource: number, change: 1 | -1): void {
    const at = priority * RESOURCES + resource;
    this.table.add(this.row, at, change);
    // As in Envoy the gauge follows changes only: a limit of 0 that nobody met is not shown as open.
    const isOpen = this.table.sum(this.row, at) >= (this.limits[at] as number) && this.table.own(this.row, at) > 0;
    this.stats[OPEN_GAUGES[at] as number] = isOpen ? 1 : 0;
    this.showRemaining(at);
  }

  private showRemaining(at: number): void {
    const slot = this.remaining[at] as StatSlot | null;
    if (slot === null) return;
    const limit = this.isFirstWorker ? Math.min(this.limits[at] as number, UINT64_MAX) : 0;
    slot.values[slot.at] = limit - this.table.own(this.row, at);
  }
}

function limitsOf(plan: BreakerPlan): readonly number[] {
  return [plan.connectionsMax, plan.pendingMax, plan.requestsMax, plan.retriesMax, plan.poolsMax];
}

const RESOURCES = 5;
const REMAINING = ["remaining_cx", "remaining_pending", "remaining_rq", "remaining_retries", "remaining_cx_pools"];
/** What Envoy shows for a limit that is not set. */
const UINT64_MAX = 2 ** 64;

const OPEN_GAUGES: readonly number[] = [
  CLUSTER.at["circuit_breakers.default.cx_open"],
  CLUSTER.at["circuit_breakers.default.rq_pending_open"],
  CLUSTER.at["circuit_breakers.default.rq_open"],
  CLUSTER.at["circuit_breakers.default.rq_retry_open"],
  CLUSTER.at["circuit_breakers.default.cx_pool_open"],
  CLUSTER.at["circuit_breakers.high.cx_open"],
  CLUSTER.at["circuit_breakers.high.rq_pending_open"],
  CLUSTER.at["circuit_breakers.high.rq_open"],
  CLUSTER.at["circuit_breakers.high.rq_retry_open"],
  CLUSTER.at["circuit_breakers.high.cx_pool_open"],
];
