// Circuit breakers of one cluster as one worker uses them: own use is written to a shared row, limits are checked against the sum of
// all workers. Called by the pools and, for retries, by the router through the cluster. Counts nothing: telemetry/breaker-gauges.ts
// reads the same table.
import type { BreakerPlan, ClusterPlan } from "../../config/plan/cluster.ts";
import { breakerColumn, breakerLimits, Resource } from "../../telemetry/breaker-columns.ts";
import type { UseTable } from "../../telemetry/use-table.ts";

/** The breakers of one cluster. */
export class BreakerUse {
  private readonly table: UseTable;
  private readonly row: number;
  private readonly limits: readonly number[];
  /** By PriorityIndex. */
  private readonly budgets: readonly BreakerPlan["retryBudget"][];

  constructor(plan: ClusterPlan, table: UseTable, row: number) {
    this.table = table;
    this.row = row;
    this.limits = breakerLimits(plan);
    this.budgets = [plan.breakers.default.retryBudget, plan.breakers.high.retryBudget];
  }

  /** Whether one more would pass the limit. `priority`: a PriorityIndex. */
  isFull(priority: number, resource: number): boolean {
    return this.used(priority, resource) >= (this.limits[breakerColumn(priority, resource)] as number);
  }

  /** Whether one more retry would pass the limit, or the budget where there is one. */
  isFullOfRetries(priority: number): boolean {
    const budget = this.budgets[priority] ?? null;
    if (budget === null) return this.isFull(priority, Resource.Retries);
    const running = this.used(priority, Resource.Requests) + this.used(priority, Resource.Pending);
    const limit = Math.max(Math.floor((budget.percent / 100) * running), budget.retriesMin);
    return this.used(priority, Resource.Retries) >= limit;
  }

  /** Takes (1) or gives back (-1). */
  add(priority: number, resource: number, change: 1 | -1): void {
    this.table.add(this.row, breakerColumn(priority, resource), change);
  }

  private used(priority: number, resource: number): number {
    return this.table.sum(this.row, breakerColumn(priority, resource));
  }
}
