// Where access log lines go: files, stdout and stderr, buffered per thread and written in whole lines. The data plane formats a line
// and hands it over; nothing here knows what a request is. Never blocks a request except at the final flush.
import { closeSync, openSync, write, writeSync } from "node:fs";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { AccessLogPlan } from "../config/plan/access-log.ts";

/** Takes the lines of one log. */
export interface AccessLogSink {
  /** Adds one line, its line end included. */
  write(line: string): void;
}

/** The log files of one thread; one sink per path, however many logs name it. */
export interface AccessLogs {
  /** The sink of a log. Opens the file at the first call; throws with the path and the system's reason when it cannot. */
  sink(plan: Pick<AccessLogPlan, "sink" | "path">): AccessLogSink;
  /** Writes everything now and waits for it: at exit, and before a reader looks. */
  flush(): void;
  /** Closes and opens every file again, so that a rotated one is let go. The new file is made when it is missing. */
  reopen(): void;
  /** Flushes and closes. */
  close(): void;
}

/** The parts of `node:fs` that are used; a test brings its own. */
export interface LogFiles {
  open(path: string): number;
  /** Writes all bytes, then calls back: `error` null when it worked. */
  write(fd: number, bytes: Buffer, done: (error: Error | null) => void): void;
  writeSync(fd: number, bytes: Buffer): void;
  close(fd: number): void;
}

/** Makes the logs of one thread. Lines leave every `flushIntervalMs` (access_log_flush_interval, default 10 000) or when 64 KiB wait. */
export function createAccessLogs(
  wheel: TimerWheel,
  flushIntervalMs: number = FLUSH_INTERVAL_MS,
  files: LogFiles = systemFiles,
): AccessLogs {
  const sinks = new Map<string, FileSink>();
  return {
    sink(plan) {
      const path = plan.sink === "stdout" ? "/dev/stdout" : plan.sink === "stderr" ? "/dev/stderr" : plan.path;
      let sink = sinks.get(path);
      if (sink === undefined) {
        sink = new FileSink(path, wheel, flushIntervalMs, files);
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

class FileSink implements AccessLogSink {
  /** Lines that were lost because the disk refused them or too many waited. */
  dropped = 0;
  private readonly path: string;
  private readonly wheel: TimerWheel;
  private readonly intervalMs: number;
  private readonly files: LogFiles;
  private readonly timer: Timer;
  private fd: number;
  private lines = "";
  private armed = false;
  /** What the kernel is taking now; null when nothing is. */
  private writing: Buffer | null = null;

  constructor(path: string, wheel: TimerWheel, intervalMs: number, files: LogFiles) {
    this.path = path;
    this.wheel = wheel;
    this.intervalMs = intervalMs;
    this.files = files;
    this.fd = openLog(files, path);
    this.timer = new Timer(() => {
      this.armed = false;
      this.flush();
    });
  }

  write(line: string): void {
    if (this.lines.length > WAITING_MAX) {
      this.dropped++;
      return;
    }
    this.lines += line;
    if (this.lines.length >= FLUSH_BYTES) this.flush();
    else if (!this.armed) {
      this.armed = true;
      this.wheel.arm(this.timer, this.intervalMs);
    }
  }

  flushSync(): void {
    // A write that is under way ends by itself; what waits behind it goes now.
    const bytes = Buffer.from(this.lines, "utf8");
    this.lines = "";
    if (bytes.length === 0) return;
    try {
      this.files.writeSync(this.fd, bytes);
    } catch {
      this.dropped++;
    }
  }

  reopen(): void {
    if (!isFile(this.path)) return;
    this.flushSync();
    const fd = openLog(this.files, this.path);
    const old = this.fd;
    this.fd = fd;
    if (this.writing === null) this.files.close(old);
    else this.closeLater = old;
  }

  close(): void {
    this.flushSync();
    this.wheel.remove(this.timer);
    if (this.writing === null) this.files.close(this.fd);
    else this.closeLater = this.fd;
  }

  /** A descriptor that is closed when the write under way has ended; -1: none. */
  private closeLater = -1;

  private flush(): void {
    if (this.writing !== null || this.lines === "") return;
    const bytes = Buffer.from(this.lines, "utf8");
    this.lines = "";
    this.writing = bytes;
    this.files.write(this.fd, bytes, (error) => {
      this.writing = null;
      if (error !== null) this.dropped++;
      if (this.closeLater >= 0) {
        this.files.close(this.closeLater);
        this.closeLater = -1;
      }
      if (this.lines.length >= FLUSH_BYTES) this.flush();
    });
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

function writeAll(fd: number, bytes: Buffer, done: (error: Error | null) => void): void {
  write(fd, bytes, 0, bytes.length, null, (error, written) => {
    if (error !== null || written === bytes.length) done(error);
    else writeAll(fd, bytes.subarray(written), done);
  });
}

const systemFiles: LogFiles = {
  open: (path) => (path === "/dev/stdout" ? 1 : path === "/dev/stderr" ? 2 : openSync(path, "a", 0o644)),
  write: writeAll,
  writeSync(fd, bytes) {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
  },
  close(fd) {
    if (fd > 2) closeSync(fd);
  },
};

const FLUSH_INTERVAL_MS = 10_000;
/** As Envoy's file access logger. */
const FLUSH_BYTES = 64 * 1024;
/** Beyond this many characters waiting on a slow disk, lines are dropped and counted. */
const WAITING_MAX = 8 * 1024 * 1024;
