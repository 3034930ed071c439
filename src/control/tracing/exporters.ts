// The exporters of one kind of thing (spans, records of access logs, lines of the node's log): a queue and a collector for each plan that
// things come with. Made by telemetry-actor.ts.
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";
import { Collector, type CollectorSurroundings, type ExportBody } from "./collector.ts";
import { ExportQueue, type ExportQueueParts, type Pieces, type QueueSlots } from "./export-queue.ts";

/** When things are sent, when they are given up, and when they are sent again. */
export type ExportPace = Pick<ExportQueueParts<unknown>, "enough" | "delayMs" | "pausesMs" | "onTime"> & {
  /** What an export may take now, where the plan gives it so long. */
  timeoutMs(planMs: number): number;
};

/** What they stand on. */
export interface ExportersParts<Plan, Item> extends CollectorSurroundings {
  /** In words: `spans`. */
  readonly what: string;
  /** Of the environment: sent with each export. */
  readonly headers: OtlpTargetPlan["headers"];
  /** What waits in each at most, and what one export has at most. */
  readonly queueMax: number;
  readonly batchMax: number;
  /** Of items that are several things each. */
  readonly pieces?: Pieces<Item>;
  targetOf(plan: Plan): OtlpTargetPlan;
  paceOf(plan: Plan): ExportPace;
  /** Where it counts. */
  statsOf(plan: Plan): Float64Array;
  readonly at: QueueSlots;
  encode(plan: Plan, items: readonly Item[]): ExportBody;
  /** A line for the node's log. */
  warn(text: string): void;
}

/** All of one kind. */
export class Exporters<Plan, Item> {
  private readonly parts: ExportersParts<Plan, Item>;
  /** By their text: plans come as copies. */
  private readonly all = new Map<string, { readonly queue: ExportQueue<Item>; readonly collector: Collector }>();

  constructor(parts: ExportersParts<Plan, Item>) {
    this.parts = parts;
  }

  /** Takes things in for this plan. */
  add(plan: Plan, items: readonly Item[]): void {
    const key = JSON.stringify(plan);
    let exporter = this.all.get(key);
    if (exporter === undefined) {
      exporter = this.make(plan);
      this.all.set(key, exporter);
    }
    exporter.queue.add(items);
  }

  /** Sends what waits, without second tries, and ends the connections; `done` when nothing is left. */
  close(done: () => void): void {
    let open = this.all.size;
    if (open === 0) done();
    for (const { queue, collector } of this.all.values())
      queue.close(() => {
        collector.close();
        if (--open === 0) done();
      });
  }

  private make(plan: Plan): { readonly queue: ExportQueue<Item>; readonly collector: Collector } {
    const { at, batchMax, headers, net, pieces, queueMax, warn, what } = this.parts;
    const collector = new Collector(this.parts, this.parts.targetOf(plan), headers);
    const { timeoutMs, ...pace } = this.parts.paceOf(plan);
    const queue = new ExportQueue<Item>({
      ...{ at, batchMax, pieces, queueMax, warn, what },
      wheel: net.wheel,
      stats: this.parts.statsOf(plan),
      ...pace,
      send: (items, done) => collector.send(this.parts.encode(plan, items), done, timeoutMs),
    });
    return { queue, collector };
  }
}
