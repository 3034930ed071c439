// When sinks of metrics get theirs: every interval of each, and not before the export of the one before is over. Used by tracing-owner.ts.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { MetricsSinkPlan } from "../config/plan/otlp.ts";

/** What it stands on. */
export interface MetricsClockParts {
  readonly wheel: TimerWheel;
  /** The sink is due: told once, until `exported` or `reset`. */
  onDue(sink: MetricsSinkPlan): void;
  /** An interval goes by without an export. */
  onLetGo(): void;
}

/** All sinks of a node. */
export class MetricsClock {
  private readonly parts: MetricsClockParts;
  /** By their text. */
  private readonly sinks = new Map<string, { readonly plan: MetricsSinkPlan; readonly timer: Timer }>();
  private readonly underWay = new Set<string>();

  constructor(parts: MetricsClockParts) {
    this.parts = parts;
  }

  /** From now on these; one that was there goes on in its time. */
  assign(plans: readonly MetricsSinkPlan[]): void {
    const next = new Map(plans.map((plan) => [keyOf(plan), plan]));
    for (const [key, { timer }] of this.sinks) {
      if (next.has(key)) continue;
      this.parts.wheel.remove(timer);
      this.sinks.delete(key);
      this.underWay.delete(key); // its connection ends, and nobody tells of the export
    }
    for (const [key, plan] of next) if (!this.sinks.has(key)) this.begin(key, plan);
  }

  /** The export of a sink is over, however it went. */
  exported(sink: MetricsSinkPlan): void {
    this.underWay.delete(keyOf(sink));
  }

  /** Nobody exports any more: whoever comes next begins anew. */
  reset(): void {
    this.underWay.clear();
  }

  /** Ends it. */
  stop(): void {
    this.assign([]);
  }

  private begin(key: string, plan: MetricsSinkPlan): void {
    const timer = new Timer(() => {
      this.parts.wheel.arm(timer, plan.intervalMs);
      if (this.underWay.has(key)) {
        this.parts.onLetGo();
        return;
      }
      this.underWay.add(key);
      this.parts.onDue(plan);
    });
    this.sinks.set(key, { plan, timer });
    this.parts.wheel.arm(timer, plan.intervalMs);
  }
}

function keyOf(plan: MetricsSinkPlan): string {
  return JSON.stringify(plan);
}
