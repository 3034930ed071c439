// Circuit breakers of one cluster as one worker uses them: own use is written to a shared row, limits are checked against the sum of
// all workers. Called by the pools and, for retries, by the router through the cluster. Counts nothing: telemetry/breaker-gauges.ts
// reads the same table.
import type { BreakerPlan, ClusterPlan } from "../../config/plan/cluster.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import {
  breakerColumn,
  breakerLimits,
  breakersNow,
  budgetedRetries,
  PriorityIndex,
  Resource,
} from "../../telemetry/breaker-columns.ts";
import type { UseTable } from "../../telemetry/use-table.ts";

/** The breakers of one cluster. */
export class BreakerUse {
  private readonly table: UseTable;
  private readonly row: number;
  private readonly plan: ClusterPlan;
  private readonly runtime: RuntimeView;
  /** Connections of one endpoint, by PriorityIndex. */
  private readonly perHost: readonly number[];
  /** What follows is of this version of the runtime. */
  private version: number | undefined;
  private limits: readonly number[] = [];
  /** By PriorityIndex. */
  private budgets: readonly BreakerPlan["retryBudget"][] = [];

  constructor(plan: ClusterPlan, table: UseTable, row: number, runtime: RuntimeView) {
    this.table = table;
    this.row = row;
    this.plan = plan;
    this.runtime = runtime;
    this.perHost = [plan.breakers.default.perHostConnectionsMax, plan.breakers.high.perHostConnectionsMax];
    this.readLimits();
  }

  /** Whether one more would pass the limit. `priority`: a PriorityIndex. */
  isFull(priority: number, resource: number): boolean {
    if (this.runtime.version !== this.version) this.readLimits();
    return this.used(priority, resource) >= (this.limits[breakerColumn(priority, resource)] as number);
  }

  /** Whether one more connection to an endpoint passes neither its limit nor the cluster's. */
  mayConnect(priority: number, endpoint: { openConnections(): number }): boolean {
    const limit = this.perHost[priority] as number;
    if (limit !== Number.POSITIVE_INFINITY && endpoint.openConnections() >= limit) return false;
    return !this.isFull(priority, Resource.Connections);
  }

  /** Whether one more retry would pass the limit, or the budget where there is one. */
  isFullOfRetries(priority: number): boolean {
    if (this.runtime.version !== this.version) this.readLimits();
    const budget = this.budgets[priority] ?? null;
    if (budget === null) return this.isFull(priority, Resource.Retries);
    const running = this.used(priority, Resource.Requests) + this.used(priority, Resource.Pending);
    return this.used(priority, Resource.Retries) >= budgetedRetries(budget, running);
  }

  /** Requests that run now, of all workers and both priorities. */
  requests(): number {
    return this.used(PriorityIndex.default, Resource.Requests) + this.used(PriorityIndex.high, Resource.Requests);
  }

  /** Takes (1) or gives back (-1). */
  add(priority: number, resource: number, change: 1 | -1): void {
    this.table.add(this.row, breakerColumn(priority, resource), change);
  }

  private readLimits(): void {
    const breakers = breakersNow(this.plan, this.runtime);
    this.version = this.runtime.version;
    this.limits = breakerLimits(breakers);
    this.budgets = [breakers.default.retryBudget, breakers.high.retryBudget];
  }

  private used(priority: number, resource: number): number {
    return this.table.sum(this.row, breakerColumn(priority, resource));
  }
}

/** Whether connections of single endpoints are limited. */
export function limitsEndpoints({ breakers }: ClusterPlan): boolean {
  const { default: usual, high } = breakers;
  return Math.min(usual.perHostConnectionsMax, high.perHostConnectionsMax) !== Number.POSITIVE_INFINITY;
}
