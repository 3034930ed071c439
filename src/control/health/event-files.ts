// The event logs of health checks and outlier detection: one line an event. A file that cannot be opened is told once and skipped until
// logs are opened again; what a slow disk does not take is dropped, not kept.
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { type AccessLogSink, type AccessLogs, createAccessLogs, logAccount } from "../../telemetry/access-log.ts";
import { StatsWriter } from "../../telemetry/stats-memory.ts";

/** The files of one thread. */
export class EventFiles {
  private readonly files: AccessLogs;
  private readonly sinks = new Map<string, AccessLogSink | null>();
  private readonly warn: (text: string) => void;

  /** `warn`: a file cannot be opened or written. `stats`: of the thread; default: nobody counts. */
  constructor(wheel: TimerWheel, warn: (text: string) => void, stats: StatsWriter = new StatsWriter(() => {})) {
    this.files = createAccessLogs(wheel, FLUSH_INTERVAL_MS, undefined, logAccount(stats, warn));
    this.warn = warn;
  }

  /** Appends a line, given without its end. */
  write(path: string, text: string): void {
    let sink = this.sinks.get(path);
    if (sink === undefined) {
      sink = this.open(path);
      this.sinks.set(path, sink);
    }
    sink?.write(`${text}\n`);
  }

  /** Lets go of rotated files, and tries again those that could not be opened. */
  reopen(): void {
    for (const [path, sink] of this.sinks) if (sink === null) this.sinks.delete(path);
    this.files.reopen();
  }

  /** Writes what waits and closes. */
  close(): void {
    this.files.close();
  }

  private open(path: string): AccessLogSink | null {
    try {
      return this.files.sink({ sink: "file", path });
    } catch (error) {
      this.warn(`health events are not written: ${(error as Error).message}`);
      return null;
    }
  }
}

/** People look at these files while they wait for an event: Envoy's 10 s are long. */
const FLUSH_INTERVAL_MS = 200;
