// `circuit_breakers.*` of every cluster, worked out from the table that the workers share when somebody reads statistics: workers
// write no gauge per request, and the numbers are those of the node. Called by the main thread.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { RuntimeView } from "../config/plan/runtime.ts";
import { breakerLimits, breakersNow } from "./breaker-columns.ts";
import { CLUSTER } from "./cluster-stats.ts";
import type { StatSlot, StatsWriter } from "./stats-memory.ts";
import type { UseTable } from "./use-table.ts";

/** The gauges of all clusters. */
export class BreakerGauges {
  private readonly writer: StatsWriter;
  private readonly table: UseTable;

  /** `table`: any worker's view; it is only summed. */
  constructor(writer: StatsWriter, table: UseTable) {
    this.writer = writer;
    this.table = table;
  }

  /** Sets the gauges of one cluster to what its row says: `*_open` at the limit, `remaining_*` when the plan tracks them. */
  show(plan: ClusterPlan, row: number, runtime: RuntimeView): void {
    const block = this.writer.block(CLUSTER, `cluster.${plan.statName}.`);
    const breakers = breakersNow(plan, runtime);
    const limits = breakerLimits(breakers);
    for (const [column, gauge] of OPEN_GAUGES.entries()) {
      const used = this.table.sum(row, column);
      const limit = limits[column] as number;
      // As in Envoy the gauge follows changes only: a limit of 0 that nobody met is not shown as open.
      block[gauge] = used >= limit && used > 0 ? 1 : 0;
      const name = REMAINING[column] as string;
      const priority = name.startsWith("high") ? "high" : "default";
      const isTracked = breakers[priority].trackRemaining;
      // As Envoy: a budget moves with what runs, so that nothing is said to remain of it.
      const isBudget = name.endsWith("retries") && breakers[priority].retryBudget !== null;
      if (isTracked)
        set(this.writer.gauge(`cluster.${plan.statName}.circuit_breakers.${name}`), isBudget ? 0 : limit - used);
    }
  }
}

function set(slot: StatSlot, remaining: number): void {
  slot.values[slot.at] = Math.max(0, Math.min(remaining, UINT64_MAX));
}

/** What Envoy shows for a limit that is not set. */
const UINT64_MAX = 2 ** 64;

/** By column. */
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

/** By column. */
const REMAINING: readonly string[] = ["default", "high"].flatMap((priority) =>
  ["remaining_cx", "remaining_pending", "remaining_rq", "remaining_retries", "remaining_cx_pools"].map(
    (name) => `${priority}.${name}`,
  ),
);
