// Formats log lines by Envoy's --log-format: a subset of spdlog's pattern flags. Knows no file and no clock.
import { isoTime } from "../../base/iso-time.ts";
import type { LogLine } from "../../messages/log.ts";

/** Everything a line is made of. */
export interface LogRecord extends LogLine {
  readonly wallMs: number;
  readonly pid: number;
}

/** Envoy's default without the source position, which a line of ours does not have; on a terminal the level has a color. */
export const DEFAULT_LOG_FORMAT = "[%Y-%m-%d %T.%e][%t][%^%l%$][%n] %v";

/** In place of a pattern: a JSON object a line. */
export const JSON_LOG_FORMAT = "json";

/** Compiles a pattern, or `json`, into a function that makes one line, without its end. Unknown flags stay as they are written. */
export function compileLogFormat(pattern: string, hasColors: boolean = false): (record: LogRecord) => string {
  if (pattern === JSON_LOG_FORMAT) return jsonLine;
  const colors: Readonly<Record<string, Flag>> = hasColors ? COLORS : NO_COLORS;
  const parts = [...pattern.matchAll(/%(?:-?\d+)?([a-zA-Z%#!_*^$])|[^%]+|%/g)].map((match) => {
    const flag = match[1] === undefined ? undefined : (FLAGS[match[1]] ?? colors[match[1]]);
    const text = match[0];
    return flag ?? (() => text);
  });
  return (record) => {
    const date = new DateParts(record.wallMs);
    return parts.map((part) => part(record, date)).join("");
  };
}

function jsonLine({ wallMs, level, component, pid, text }: LogRecord): string {
  return JSON.stringify({ time: isoTime(wallMs), level, component, pid, message: text });
}

/** UTC parts of a time: Envoy logs UTC in its image. */
class DateParts {
  readonly iso: string;
  readonly wallMs: number;

  constructor(wallMs: number) {
    this.wallMs = wallMs;
    this.iso = isoTime(wallMs);
  }

  /** Characters of `2026-11-21T07:14:00.123Z`. */
  cut(from: number, to: number): string {
    return this.iso.slice(from, to);
  }
}

type Flag = (record: LogRecord, date: DateParts) => string;

const FLAGS: { readonly [flag: string]: Flag } = {
  Y: (_, date) => date.cut(0, 4),
  C: (_, date) => date.cut(2, 4),
  m: (_, date) => date.cut(5, 7),
  d: (_, date) => date.cut(8, 10),
  H: (_, date) => date.cut(11, 13),
  M: (_, date) => date.cut(14, 16),
  S: (_, date) => date.cut(17, 19),
  T: (_, date) => date.cut(11, 19),
  e: (_, date) => date.cut(20, 23),
  f: (_, date) => `${date.cut(20, 23)}000`,
  F: (_, date) => `${date.cut(20, 23)}000000`,
  D: (_, date) => `${date.cut(5, 7)}/${date.cut(8, 10)}/${date.cut(2, 4)}`,
  E: (_, date) => String(Math.floor(date.wallMs / 1000)),
  z: () => "+00:00",
  P: (record) => String(record.pid),
  t: (record) => String(record.pid),
  l: (record) => record.level,
  L: (record) => record.level.slice(0, 1).toUpperCase(),
  n: (record) => record.component,
  v: (record) => record.text,
  _: (record) => record.text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t"),
  j: (record) => JSON.stringify(record.text).slice(1, -1),
  g: () => "",
  "#": () => "",
  "!": () => "",
  "%": () => "%",
};

/** spdlog's range of color: `%^` to `%$`. */
const NO_COLORS: { readonly [flag: string]: Flag } = { "^": () => "", $: () => "" };

const COLORS: { readonly [flag: string]: Flag } = {
  "^": ({ level }) => `\u001b[${COLOR_OF[level]}m`,
  $: () => "\u001b[m",
};

/** As spdlog's: what goes well is green, what does not is yellow and red. */
const COLOR_OF: Readonly<Record<LogRecord["level"], string>> = {
  trace: "37",
  debug: "36",
  info: "32",
  warning: "33;1",
  error: "31;1",
  critical: "1;41",
  off: "",
};
