// What any thread asks the main thread to log.

/** Envoy's log levels from the most to the least talkative. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;

/** One of the levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line. `component` is Envoy's logger name: `main`, `config`, `upstream`, `admin` … */
export interface LogLine {
  readonly level: LogLevel;
  readonly component: string;
  readonly text: string;
}
