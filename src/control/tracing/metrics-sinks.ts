// The sinks of metrics of a node on the telemetry thread: an exporter and a collector for each. Made by telemetry-actor.ts.
import type { MetricsSinkPlan } from "../../config/plan/otlp.ts";
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";
import { Collector, type CollectorSurroundings } from "./collector.ts";
import { MetricsExporter, type MetricsExporterParts } from "./metrics-exporter.ts";

/** What they stand on. */
export interface MetricsSinksParts extends CollectorSurroundings, Omit<MetricsExporterParts, "plan" | "send"> {
  /** Of the environment: sent with each export. */
  readonly headers: OtlpTargetPlan["headers"];
}

/** All of them. */
export class MetricsSinks {
  private readonly parts: MetricsSinksParts;
  /** By their text: plans come as copies. */
  private readonly all = new Map<string, { readonly exporter: MetricsExporter; readonly collector: Collector }>();

  constructor(parts: MetricsSinksParts) {
    this.parts = parts;
  }

  /** From now on these. */
  assign(plans: readonly MetricsSinkPlan[]): void {
    const next = new Map(plans.map((plan) => [JSON.stringify(plan), plan]));
    for (const [key, { collector }] of this.all) {
      if (next.has(key)) continue;
      collector.close();
      this.all.delete(key);
    }
    for (const [key, plan] of next) if (!this.all.has(key)) this.all.set(key, this.make(plan));
  }

  /** Sends the node's metrics to one; `done` when that is over. */
  export(plan: MetricsSinkPlan, done: () => void): void {
    const sink = this.all.get(JSON.stringify(plan));
    if (sink === undefined) done();
    else sink.exporter.export(done);
  }

  /** Sends to each for the last time and ends the connections; `done` when that is over. */
  close(done: () => void): void {
    let open = this.all.size;
    if (open === 0) done();
    for (const { exporter, collector } of this.all.values())
      exporter.close(() => {
        collector.close();
        if (--open === 0) done();
      });
  }

  private make(plan: MetricsSinkPlan): { readonly exporter: MetricsExporter; readonly collector: Collector } {
    const collector = new Collector(this.parts, plan.target, this.parts.headers);
    const exporter = new MetricsExporter({ ...this.parts, plan, send: (body, done) => collector.send(body, done) });
    return { exporter, collector };
  }
}
