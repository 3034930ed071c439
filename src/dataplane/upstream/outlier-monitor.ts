// Counts what the attempts of one cluster came to, for outlier detection: per endpoint, in memory that all workers share. Which result
// counts as what is Envoy's (outlier_detection_impl.cc, read and followed). Made by upstream-cluster.ts for clusters that ask for it.
import type { OutlierPlan } from "../../config/plan/health-check.ts";
import { OUTLIER_KEYS, type OutlierNumber } from "../../config/plan/outlier-runtime.ts";
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import { HealthFlag, type HealthTable } from "../../telemetry/health-table.ts";
import { OutlierCount, type OutlierTable } from "../../telemetry/outlier-table.ts";
import type { Endpoint } from "./upstream.ts";

/** Which consecutive count reached its threshold; `degradation`: an answer said so. */
export type SuspectedFor =
  | "consecutive_5xx"
  | "consecutive_gateway_failure"
  | "consecutive_local_origin_failure"
  | "degradation";

/** Hears of an endpoint whose consecutive failures reached a threshold: once, whichever worker saw the last of them. Or that it is degraded. */
export type OnSuspected = (row: number, slot: number, kind: SuspectedFor) => void;

/** What it stands on. */
export interface OutlierMonitorParts {
  readonly outliers: OutlierTable;
  readonly health: HealthTable;
  readonly runtime: RuntimeView;
  readonly onSuspected: OnSuspected;
}

/** The counting of one cluster. */
export class OutlierMonitor {
  private readonly plan: OutlierPlan;
  private readonly parts: OutlierMonitorParts;
  private readonly table: OutlierTable;
  private readonly row: number;

  constructor(plan: OutlierPlan, parts: OutlierMonitorParts, row: number) {
    this.plan = plan;
    this.parts = parts;
    this.table = parts.outliers;
    this.row = row;
  }

  /** A request got a connection: the network did its part. */
  onConnected({ slot, isRetired }: Endpoint): void {
    if (isRetired || !this.plan.splitExternalLocalOriginErrors) return;
    const { table } = this;
    table.add(slot, OutlierCount.LocalAttempts);
    table.add(slot, OutlierCount.LocalSuccesses);
    table.reset(slot, OutlierCount.ConsecutiveLocalOriginFailure);
  }

  /** A raw connection stands: all that will ever be known of the endpoint's part. */
  onTunnel(endpoint: Endpoint): void {
    if (this.plan.splitExternalLocalOriginErrors) this.onConnected(endpoint);
    else this.onAnswer(endpoint, 200);
  }

  /** The endpoint answered; of a gRPC answer the HTTP form of its status. */
  onAnswer({ slot, isRetired }: Endpoint, status: number): void {
    if (!isRetired) this.count(slot, status);
  }

  /** It answered well and said with x-envoy-degraded that it is degraded. */
  onDegraded({ slot, isRetired }: Endpoint): void {
    if (isRetired || !this.plan.detectsDegraded) return;
    const flags = this.parts.health.flags[slot] as number;
    if ((flags & HealthFlag.DegradedOutlierDetection) === 0) this.suspect(slot, "degradation");
  }

  /** No answer, or half of one: refused, reset, too late. `status`: what it counts as when the network is not told apart. */
  onLocalFailure({ slot, isRetired }: Endpoint, status: number): void {
    if (isRetired) return;
    const { plan, table } = this;
    if (!plan.splitExternalLocalOriginErrors) {
      this.count(slot, status);
      return;
    }
    table.add(slot, OutlierCount.LocalAttempts);
    const failures = table.add(slot, OutlierCount.ConsecutiveLocalOriginFailure);
    if (failures === this.threshold("consecutiveLocalOriginFailure")) {
      this.suspect(slot, "consecutive_local_origin_failure");
    }
  }

  private count(slot: number, status: number): void {
    const { table } = this;
    table.add(slot, OutlierCount.Requests);
    if (status < 500 || status > 599) {
      table.add(slot, OutlierCount.Successes);
      table.reset(slot, OutlierCount.Consecutive5xx);
      table.reset(slot, OutlierCount.ConsecutiveGatewayFailure);
      return;
    }
    if (status < 502 || status > 504) table.reset(slot, OutlierCount.ConsecutiveGatewayFailure);
    else {
      const failures = table.add(slot, OutlierCount.ConsecutiveGatewayFailure);
      if (failures === this.threshold("consecutiveGatewayFailure")) this.suspect(slot, "consecutive_gateway_failure");
    }
    // A count that is not reset by the detector goes on beyond its threshold and says nothing again.
    const failures = table.add(slot, OutlierCount.Consecutive5xx);
    if (failures === this.threshold("consecutive5xx")) this.suspect(slot, "consecutive_5xx");
  }

  private threshold(name: OutlierNumber & `consecutive${string}`): number {
    return runtimeInteger(this.parts.runtime, OUTLIER_KEYS[name], this.plan[name]);
  }

  private suspect(slot: number, kind: SuspectedFor): void {
    this.parts.onSuspected(this.row, slot, kind);
  }
}
