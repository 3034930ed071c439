// Finished spans of one worker on their way to the telemetry thread: lines are put together and handed over in one piece, so that a span
// costs a request no message of its own.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { TraceExporterPlan } from "../config/plan/tracing.ts";

/** Lines of several spans for one exporter. */
export interface SpanBatch {
  readonly exporter: TraceExporterPlan;
  readonly count: number;
  readonly lines: string;
}

/** The batches of one worker. Each is handed over when it is full, or 100 ms after its first span. */
export class SpanBatches {
  private readonly wheel: TimerWheel;
  private readonly handOver: (batch: SpanBatch) => void;
  private readonly timer: Timer;
  private isArmed = false;
  private readonly waiting = new Map<TraceExporterPlan, { lines: string; count: number }>();

  constructor(wheel: TimerWheel, handOver: (batch: SpanBatch) => void) {
    this.wheel = wheel;
    this.handOver = handOver;
    this.timer = new Timer(() => {
      this.isArmed = false;
      this.flush();
    });
  }

  /** Takes a line as `spanLine` makes it. */
  add(exporter: TraceExporterPlan, line: string): void {
    let batch = this.waiting.get(exporter);
    if (batch === undefined) {
      batch = { lines: "", count: 0 };
      this.waiting.set(exporter, batch);
    }
    batch.lines += line;
    batch.count++;
    if (batch.count >= BATCH_SPANS) {
      this.waiting.delete(exporter);
      this.handOver({ exporter, ...batch });
    } else if (!this.isArmed) {
      this.isArmed = true;
      this.wheel.arm(this.timer, WAIT_MS);
    }
  }

  /** Hands over what waits. */
  flush(): void {
    for (const [exporter, batch] of this.waiting) this.handOver({ exporter, ...batch });
    this.waiting.clear();
  }
}

const BATCH_SPANS = 128;
const WAIT_MS = 100;
