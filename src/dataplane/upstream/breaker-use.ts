// Circuit breakers of one cluster as one worker uses them: own use is written to a shared row, limits are checked against the sum of
// all workers. Called by the pools and, for retries, by the router through the cluster. Counts nothing: telemetry/breaker-gauges.ts
// reads the same table.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import { breakerColumn, breakerLimits } from "../../telemetry/breaker-columns.ts";
import type { UseTable } from "../../telemetry/use-table.ts";

/** The breakers of one cluster. */
export class BreakerUse {
  private readonly table: UseTable;
  private readonly row: number;
  private readonly limits: readonly number[];

  constructor(plan: ClusterPlan, table: UseTable, row: number) {
    this.table = table;
    this.row = row;
    this.limits = breakerLimits(plan);
  }

  /** Whether one more would pass the limit. `priority`: a PriorityIndex. */
  isFull(priority: number, resource: number): boolean {
    const at = breakerColumn(priority, resource);
    return this.table.sum(this.row, at) >= (this.limits[at] as number);
  }

  /** Takes (1) or gives back (-1). */
  add(priority: number, resource: number, change: 1 | -1): void {
    this.table.add(this.row, breakerColumn(priority, resource), change);
  }
}
