// Slow start: an endpoint that became well gets a small share that grows to its own over a window, so that it can warm up. Asked by
// round robin and least request; told by endpoint-table.ts what health is like when it changed.
import type { Clock } from "../../../base/clock.ts";
import type { SlowStartPlan } from "../../../config/plan/cluster.ts";
import { type RuntimeView, runtimeDecimal } from "../../../config/plan/runtime.ts";
import { DEGRADED_FLAGS, HealthFlag, UNHEALTHY_FLAGS } from "../../../telemetry/health-table.ts";
import type { Host } from "./host.ts";

/** A host that can be in slow start. */
export interface StartingHost extends Host {
  wellSinceMs: number;
  healthFlags(): number;
}

/** The slow start of one cluster. */
export class SlowStart {
  private readonly plan: SlowStartPlan;
  private readonly clock: Clock;
  private readonly runtime: RuntimeView;
  /** When the last one became well. */
  private latestMs = Number.NEGATIVE_INFINITY;

  constructor(plan: SlowStartPlan, clock: Clock, runtime: RuntimeView) {
    this.plan = plan;
    this.clock = clock;
    this.runtime = runtime;
  }

  /** Health or members changed. As in Envoy an ejection is no new start, but the end of failed active checks is. */
  review(hosts: readonly StartingHost[]): void {
    const now = this.clock.nowMs();
    for (const host of hosts) {
      const flags = host.healthFlags();
      if ((flags & HealthFlag.FailedActiveHc) !== 0) host.wellSinceMs = -1;
      else if (host.wellSinceMs < 0 && (flags & ILL) === 0) {
        host.wellSinceMs = now;
        this.latestMs = now;
      }
    }
  }

  /** Whether any host may be in it. */
  isOn(): boolean {
    return this.clock.nowMs() - this.latestMs <= this.plan.windowMs;
  }

  /** What part of its weight a host has now. */
  factor({ wellSinceMs }: Host): number {
    const { aggression, aggressionKey, leastFactor, windowMs } = this.plan;
    const sinceMs = this.clock.nowMs() - wellSinceMs;
    if (wellSinceMs < 0 || sinceMs >= windowMs) return 1;
    const given = aggressionKey === "" ? aggression : runtimeDecimal(this.runtime, aggressionKey, aggression);
    const part = Math.max(1, Math.floor(sinceMs)) / windowMs;
    return Math.max(given > 0 ? part ** (1 / given) : part, leastFactor);
  }
}

const ILL: number = UNHEALTHY_FLAGS | DEGRADED_FLAGS;
