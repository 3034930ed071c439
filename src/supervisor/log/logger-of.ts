// The node's log as its flags and its terminal ask for it. Called by whoever starts a node.
import type { Clock } from "../../base/clock.ts";
import type { ServeOptions } from "../../messages/options.ts";
import { DEFAULT_LOG_FORMAT } from "./log-format.ts";
import { Logger } from "./logger.ts";

/** What of the process decides about colors. */
export interface LogTerminal {
  /** Standard error is a terminal. */
  readonly isTty: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The log that these options ask for. Throws when --log-path cannot be opened. */
export function loggerOf(clock: Clock, options: ServeOptions, terminal: LogTerminal = processTerminal()): Logger {
  const format = options.logFormat === "" ? DEFAULT_LOG_FORMAT : options.logFormat;
  return new Logger(clock, {
    level: options.logLevel,
    componentLevels: options.componentLevels,
    format: options.logFormatEscaped ? format.replaceAll("%v", "%_") : format,
    path: options.logPath,
    hasColors: options.logPath === "" && hasColors(terminal),
  });
}

/** NO_COLOR with any text asks for none (no-color.org); so does a terminal that knows none. */
function hasColors({ isTty, environment }: LogTerminal): boolean {
  return isTty && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
}

function processTerminal(): LogTerminal {
  return { isTty: process.stderr.isTTY === true, environment: process.env };
}
