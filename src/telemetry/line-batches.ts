// Records of access logs of one worker on their way to the telemetry thread: lines are put together and handed over in one piece, so that a
// record costs a request no message of its own.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { OtlpLogPlan } from "../config/plan/otlp.ts";
import type { SpanBatch } from "./span-batches.ts";

/** Several lines for one exporter. */
export interface LineBatch<Exporter> {
  readonly to: Exporter;
  readonly count: number;
  readonly lines: string;
}

/** What a worker hands over: written spans, or lines as `logLine` makes them. */
export type ExportBatch =
  | (SpanBatch & { readonly what: "spans" })
  | (LineBatch<OtlpLogPlan> & { readonly what: "records" });

/** The memory of a batch, which goes with it to another thread. */
export function batchMemory(batch: ExportBatch): readonly ArrayBuffer[] {
  return batch.what === "spans" ? [batch.bytes.buffer, batch.ends.buffer] : [];
}

/** How many spans or records it is. */
export function batchCount(batch: ExportBatch): number {
  return batch.what === "spans" ? batch.ends.length : batch.count;
}

/** The batches of one worker. Each is handed over when it is full, or 100 ms after its first line. */
export class LineBatches<Exporter> {
  private readonly wheel: TimerWheel;
  private readonly handOver: (batch: LineBatch<Exporter>) => void;
  private readonly timer: Timer;
  private isArmed = false;
  private readonly waiting = new Map<Exporter, { lines: string; count: number }>();

  constructor(wheel: TimerWheel, handOver: (batch: LineBatch<Exporter>) => void) {
    this.wheel = wheel;
    this.handOver = handOver;
    this.timer = new Timer(() => {
      this.isArmed = false;
      this.flush();
    });
  }

  /** Takes a line, its end included. */
  add(to: Exporter, line: string): void {
    let batch = this.waiting.get(to);
    if (batch === undefined) {
      batch = { lines: "", count: 0 };
      this.waiting.set(to, batch);
    }
    batch.lines += line;
    batch.count++;
    if (batch.count >= BATCH_LINES) {
      this.waiting.delete(to);
      this.handOver({ to, ...batch });
    } else if (!this.isArmed) {
      this.isArmed = true;
      this.wheel.arm(this.timer, WAIT_MS);
    }
  }

  /** Hands over what waits. */
  flush(): void {
    for (const [to, batch] of this.waiting) this.handOver({ to, ...batch });
    this.waiting.clear();
  }
}

const BATCH_LINES = 128;
const WAIT_MS = 100;
