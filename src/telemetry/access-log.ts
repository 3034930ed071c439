// Where access log lines go: files, stdout and stderr, buffered per thread and written in whole lines. The data plane formats a line
// and hands it over; nothing here knows what a request is. Never waits: a file that takes nothing costs lines, which are counted.
import { systemText } from "../base/system-text.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { TextLogPlan } from "../config/plan/access-log.ts";
import { FILESYSTEM, LINES_DROPPED } from "./filesystem-stats.ts";
import { type LogFiles, systemLogFiles } from "./log-files.ts";
import { add, addTo, count } from "./stats-add.ts";
import type { StatSlot, StatsWriter } from "./stats-memory.ts";

/** Takes the lines of one log. */
export interface AccessLogSink {
  /** Adds one line, its line end included. */
  write(line: string): void;
}

/** The log files of one thread; one sink per path, however many logs name it. */
export interface AccessLogs {
  /** The sink of a log. Opens the file at the first call; throws with the path and the system's reason when it cannot. */
  sink(plan: Pick<TextLogPlan, "sink" | "path">): AccessLogSink;
  /** Writes everything now and waits for it: at exit, and before a reader looks. */
  flush(): void;
  /** Closes and opens every file again, so that a rotated one is let go. The new file is made when it is missing; where it cannot be, the old one goes on. */
  reopen(): void;
  /** Flushes and closes. */
  close(): void;
}

/** When lines leave: after so long, or when so many bytes wait. --file-flush-interval-msec, --file-flush-min-size-kb. */
export interface LogFlush {
  readonly flushIntervalMs: number;
  readonly flushBytes: number;
}

/** Where it is told what becomes of lines. */
export interface LogAccount {
  /** FILESYSTEM block. */
  readonly stats: Float64Array;
  /** Lines that were lost. */
  readonly dropped: StatSlot;
  /** A line for the node's log: a file takes no lines any more, or takes them again. */
  trouble(text: string): void;
}

/** An account in a thread's counters. */
export function logAccount(stats: StatsWriter, trouble: (text: string) => void): LogAccount {
  return { stats: stats.block(FILESYSTEM, "filesystem."), dropped: stats.counter(LINES_DROPPED), trouble };
}

/** Makes the logs of one thread. Lines leave every `flushIntervalMs` (--file-flush-interval-msec, default 10 000) or when `flushBytes` wait. */
export function createAccessLogs(
  wheel: TimerWheel,
  flushIntervalMs: number = FLUSH_INTERVAL_MS,
  files: LogFiles = systemLogFiles(),
  account: LogAccount = noAccount(),
  flushBytes: number = FLUSH_BYTES,
): AccessLogs {
  const sinks = new Map<string, FileSink>();
  return {
    sink(plan) {
      const path = plan.sink === "stdout" ? "/dev/stdout" : plan.sink === "stderr" ? "/dev/stderr" : plan.path;
      let sink = sinks.get(path);
      if (sink === undefined) {
        sink = new FileSink(path, { wheel, flushIntervalMs, files, account, flushBytes });
        sinks.set(path, sink);
      }
      return sink;
    },
    flush() {
      for (const sink of sinks.values()) sink.flushSync();
    },
    reopen() {
      for (const sink of sinks.values()) sink.reopen();
    },
    close() {
      for (const sink of sinks.values()) sink.close();
      sinks.clear();
    },
  };
}

interface SinkParts {
  readonly wheel: TimerWheel;
  readonly flushIntervalMs: number;
  readonly files: LogFiles;
  readonly account: LogAccount;
  readonly flushBytes: number;
}

/** Lines that are written together. */
interface Batch {
  bytes: Buffer;
  readonly lines: number;
  readonly chars: number;
}

class FileSink implements AccessLogSink {
  private readonly path: string;
  private readonly parts: SinkParts;
  private readonly stats: Float64Array;
  private readonly timer: Timer = new Timer(() => this.onTime());
  private readonly retryTimer: Timer = new Timer(() => this.writeOn());
  private fd: number;
  private lines = "";
  private lineCount = 0;
  private isArmed = false;
  /** What the kernel is taking now; null when nothing is. */
  private writing: Batch | null = null;
  /** A full pipe did not take all of it: nothing is under way until it is tried again. */
  private isStalled = false;
  private readonly queue: Batch[] = [];
  private queuedChars = 0;
  /** A descriptor that is closed when the write under way has ended; -1: none. */
  private closeLater = -1;
  /** Lines lost since the file took some; -1: it takes them. */
  private lost = -1;

  constructor(path: string, parts: SinkParts) {
    this.path = path;
    this.parts = parts;
    this.stats = parts.account.stats;
    this.fd = openLog(parts.files, path);
  }

  write(line: string): void {
    if (this.queuedChars + this.lines.length > WAITING_MAX) {
      this.drop(1, "it takes nothing");
      return;
    }
    this.lines += line;
    this.lineCount++;
    count(this.stats, FILESYSTEM.at.write_buffered);
    add(this.stats, FILESYSTEM.at.write_total_buffered, line.length);
    if (this.lines.length >= this.parts.flushBytes) this.flush();
    else if (!this.isArmed) {
      this.isArmed = true;
      this.parts.wheel.arm(this.timer, this.parts.flushIntervalMs);
    }
  }

  flushSync(): void {
    this.enqueue();
    // A write that is under way ends by itself; what waits behind it goes now.
    if (this.isStalled && this.writing !== null) this.queue.unshift(this.writing);
    if (this.isStalled) this.writing = null;
    this.isStalled = false;
    for (const batch of this.queue.splice(0)) {
      try {
        this.parts.files.writeSync(this.fd, batch.bytes);
        this.onTaken(batch);
      } catch (error) {
        this.onRefused(batch, error as Error);
      }
    }
  }

  reopen(): void {
    if (!isFile(this.path)) return;
    const { account, files } = this.parts;
    // What a full pipe did not take goes into the same pipe later; who flushed it now would lose it.
    if (!this.isStalled) this.flushSync();
    try {
      const fd = openLog(files, this.path);
      this.letGo();
      this.fd = fd;
    } catch (error) {
      count(this.stats, FILESYSTEM.at.reopen_failed);
      account.trouble(`${(error as Error).message}; lines go where they went`);
    }
  }

  close(): void {
    const { wheel } = this.parts;
    this.flushSync();
    wheel.remove(this.timer);
    wheel.remove(this.retryTimer);
    this.letGo();
  }

  /** Closes the file, when nothing is being written to it. What is being written may be to the one before. */
  private letGo(): void {
    if (this.writing === null || this.closeLater >= 0) this.parts.files.close(this.fd);
    else this.closeLater = this.fd;
  }

  private onTime(): void {
    this.isArmed = false;
    if (this.lines !== "") count(this.stats, FILESYSTEM.at.flushed_by_timer);
    this.flush();
  }

  private flush(): void {
    this.enqueue();
    this.pump();
  }

  private enqueue(): void {
    if (this.lines === "") return;
    this.queue.push({ bytes: Buffer.from(this.lines, "utf8"), lines: this.lineCount, chars: this.lines.length });
    this.queuedChars += this.lines.length;
    this.lines = "";
    this.lineCount = 0;
  }

  private pump(): void {
    if (this.writing !== null) return;
    this.writing = this.queue.shift() ?? null;
    this.writeOn();
  }

  private writeOn(): void {
    const batch = this.writing;
    if (batch === null) return;
    this.isStalled = false;
    this.parts.files.write(this.fd, batch.bytes, (error, left) => this.onWritten(batch, error, left));
  }

  private onWritten(batch: Batch, error: Error | null, left: Buffer | undefined): void {
    const { files, wheel } = this.parts;
    if (left !== undefined) {
      batch.bytes = left;
      this.isStalled = true;
      wheel.arm(this.retryTimer, RETRY_MS);
      return;
    }
    this.writing = null;
    if (error === null) this.onTaken(batch);
    else this.onRefused(batch, error);
    if (this.closeLater >= 0) {
      files.close(this.closeLater);
      this.closeLater = -1;
    }
    this.pump();
  }

  private onTaken(batch: Batch): void {
    this.onGone(batch);
    count(this.stats, FILESYSTEM.at.write_completed);
    if (this.lost < 0) return;
    this.parts.account.trouble(`log file '${this.path}' takes lines again; ${this.lost} were lost`);
    this.lost = -1;
  }

  private onRefused(batch: Batch, error: Error): void {
    this.onGone(batch);
    count(this.stats, FILESYSTEM.at.write_failed);
    this.drop(batch.lines, systemText(error));
  }

  private onGone({ chars }: Batch): void {
    this.queuedChars -= chars;
    add(this.stats, FILESYSTEM.at.write_total_buffered, -chars);
  }

  private drop(lines: number, reason: string): void {
    const { dropped, trouble } = this.parts.account;
    addTo(dropped, lines);
    if (this.lost < 0) trouble(`log file '${this.path}': lines are lost: ${reason}`);
    this.lost = Math.max(this.lost, 0) + lines;
  }
}

function openLog(files: LogFiles, path: string): number {
  try {
    return files.open(path);
  } catch (error) {
    throw new Error(`unable to open file '${path}': ${(error as Error).message}`, { cause: error });
  }
}

function isFile(path: string): boolean {
  return path !== "/dev/stdout" && path !== "/dev/stderr";
}

/** Of logs that nobody counts. */
function noAccount(): LogAccount {
  const stats = new Float64Array(FILESYSTEM.slots);
  return { stats, dropped: { values: new Float64Array(1), at: 0 }, trouble: () => {} };
}

const FLUSH_INTERVAL_MS = 10_000;
const FLUSH_BYTES = 64 * 1024;
/** Beyond this many characters waiting on a slow disk, lines are dropped and counted. */
const WAITING_MAX = 8 * 1024 * 1024;
/** How often a full pipe is tried again. */
const RETRY_MS = 100;
