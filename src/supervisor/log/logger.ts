// The node's own log: levels per component, Envoy's line format, to standard error or a file. Written on the main thread only.
import { appendFileSync, closeSync, openSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { LOG_LEVELS, type LoggedLine, type LogLevel, type LogLine } from "../../messages/log.ts";
import { compileLogFormat, DEFAULT_LOG_FORMAT, type LogRecord } from "./log-format.ts";

/** How to log. */
export interface LoggerOptions {
  /** Default info. */
  readonly level: LogLevel;
  /** Levels of single components; those not named follow `level`. */
  readonly componentLevels: ReadonlyMap<string, LogLevel>;
  /** Envoy's --log-format, or `json`; empty: the default. */
  readonly format: string;
  /** Envoy's --log-path; empty: standard error. */
  readonly path: string;
  /** Levels are told apart by color: for people at a terminal. Default no. */
  readonly hasColors: boolean;
}

/** Info to standard error. */
export const DEFAULT_LOGGER_OPTIONS: LoggerOptions = {
  level: "info",
  componentLevels: new Map(),
  format: "",
  path: "",
  hasColors: false,
};

/** The log of a node. */
export class Logger {
  private readonly clock: Clock;
  private readonly path: string;
  private readonly format: (record: LogRecord) => string;
  private readonly levels: Map<string, LogLevel>;
  private defaultLevel: LogLevel;
  private file: number;
  private readonly newest: LoggedLine[] = [];
  private readonly followers: ((line: LoggedLine) => void)[] = [];
  private lines = 0;

  /** Opens the file; throws when it cannot be opened. */
  constructor(clock: Clock, options: LoggerOptions) {
    this.clock = clock;
    this.path = options.path;
    this.format = compileLogFormat(options.format === "" ? DEFAULT_LOG_FORMAT : options.format, options.hasColors);
    this.levels = new Map(options.componentLevels);
    this.defaultLevel = options.level;
    this.file = open(options.path);
  }

  /** Writes the line unless its level is below its component's. */
  write(line: LogLine): void {
    const level = LOG_LEVELS.indexOf(line.level);
    const wallMs = this.clock.wallMs();
    const logged = { ...line, number: level >= KEPT_FROM ? ++this.lines : this.lines, wallMs };
    if (level >= KEPT_FROM) this.keep(logged);
    if (!this.lets(line)) return;
    for (const follower of this.followers) follower(logged);
    const record = { ...line, wallMs, pid: process.pid };
    appendFileSync(this.file, `${this.format(record)}\n`);
  }

  /** The newest lines from info on, the oldest first, also those that no level let through: for those who look later. */
  recent(): readonly LoggedLine[] {
    return this.newest;
  }

  /** From now on this is called with each line that is written. */
  follow(follower: (line: LoggedLine) => void): void {
    this.followers.push(follower);
  }

  /** Whether the level of its component lets a line through. */
  lets({ component, level }: LogLine): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.levelOf(component));
  }

  /** Writes at info. */
  info(component: string, text: string): void {
    this.write({ level: "info", component, text });
  }

  /** Writes at warning. */
  warning(component: string, text: string): void {
    this.write({ level: "warning", component, text });
  }

  /** Writes at error. */
  error(component: string, text: string): void {
    this.write({ level: "error", component, text });
  }

  /** The level that a component logs at. */
  levelOf(component: string): LogLevel {
    return this.levels.get(component) ?? this.defaultLevel;
  }

  /** Sets one component's level, or with null every component's. */
  setLevel(component: string | null, level: LogLevel): void {
    if (component !== null) {
      this.levels.set(component, level);
      return;
    }
    this.defaultLevel = level;
    this.levels.clear();
  }

  /** Opens the file again, after it was moved away. */
  reopen(): void {
    if (this.path === "") return;
    closeSync(this.file);
    this.file = open(this.path);
  }

  private keep(line: LoggedLine): void {
    this.newest.push(line);
    if (this.newest.length > KEPT_MAX) this.newest.shift();
  }
}

function open(path: string): number {
  return path === "" ? STANDARD_ERROR : openSync(path, "a");
}

const STANDARD_ERROR = 2;
const KEPT_FROM = LOG_LEVELS.indexOf("info");
const KEPT_MAX = 200;
