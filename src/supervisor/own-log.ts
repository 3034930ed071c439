// Lines of the node's own log on their way to the telemetry thread: those that are written, a few together, from the first on. Used by
// tracing-owner.ts.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { LoggedLine } from "../messages/log.ts";
import type { Logger } from "./log/logger.ts";

/** What it stands on. */
export interface OwnLogParts {
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Takes lines, in their order. */
  send(lines: readonly LoggedLine[]): void;
}

/** Follows a log once somebody wants it. */
export class OwnLog {
  private readonly parts: OwnLogParts;
  private readonly timer: Timer;
  private lines: LoggedLine[] = [];
  private isFollowing = false;

  constructor(parts: OwnLogParts) {
    this.parts = parts;
    this.timer = new Timer(() => this.flush());
  }

  /** From now on, and what was written before as far as the log still has it. */
  follow(): void {
    if (this.isFollowing) return;
    this.isFollowing = true;
    const { log } = this.parts;
    for (const line of log.recent()) if (log.lets(line)) this.add(line);
    log.follow((line) => this.add(line));
  }

  /** Hands over what waits. */
  flush(): void {
    const { lines } = this;
    this.parts.wheel.remove(this.timer);
    this.lines = [];
    if (lines.length > 0) this.parts.send(lines);
  }

  private add(line: LoggedLine): void {
    this.lines.push(line);
    if (this.lines.length === 1) this.parts.wheel.arm(this.timer, WAIT_MS);
    else if (this.lines.length >= LINES_MAX) this.flush();
  }
}

const WAIT_MS = 100;
const LINES_MAX = 256;
