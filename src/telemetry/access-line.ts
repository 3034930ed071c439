// One line of an access log, and the texts that its operators have in common whoever answers them: requests and raw connections.
import { isAscii, unicodeOf } from "../base/wire-text.ts";
import type { FormatPartPlan, JsonFieldPlan, JsonValuePlan, LineFormatPlan } from "../config/plan/access-log.ts";
import { formatText, mayBeEmpty } from "./format.ts";
import type { LoggedSource } from "./log-filter.ts";
import { METADATA_OPERATORS, sortedJson } from "./metadata-value.ts";

/** What a line asks of its source. */
export type LineSource = Pick<LoggedSource, "operator" | "typed">;

/** Writes the lines of a log, their ends included; of a body likewise. */
export function lineWriter(plan: LineFormatPlan): (source: LineSource) => string {
  const { format, json, omitEmpty } = plan;
  const missing = omitEmpty ? "" : "-";
  if (json === null) return (source) => formatText(format, source, missing);
  const write = mapWriter(json, omitEmpty);
  return (source) => `${write(source) ?? "{}"}\n`;
}

/** Writes the lines of a log, which are Unicode: what fields say in UTF-8 is read as that. */
export function logLineWriter(plan: LineFormatPlan): (source: LineSource) => string {
  const write = lineWriter(plan);
  return (source) => {
    const line = write(source);
    return isAscii(line) ? line : write(inUnicode(source));
  };
}

/** The same source, its values read as Unicode. */
export function inUnicode(source: LineSource): LineSource {
  return {
    operator: (name, args) => {
      const value = source.operator(name, args);
      return value === undefined ? undefined : unicodeOf(value);
    },
    typed: (name, args) => source.typed(name, args),
  };
}

/** `address:port`, undefined where there is no address. */
export function withPort(address: string, port: number): string | undefined {
  if (address === "") return undefined;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The operators of one end of a client's connection, by name. Only a request's remote address may be another one than the socket's. */
export function addressOperators<Source>(
  end: "REMOTE" | "LOCAL",
  of: (source: Source) => readonly [address: string, port: number],
): Record<string, (source: Source) => string | undefined> {
  const made: Record<string, (source: Source) => string | undefined> = {};
  for (const name of [`DOWNSTREAM_${end}`, `DOWNSTREAM_DIRECT_${end}`]) {
    made[`${name}_ADDRESS`] = (source) => withPort(...of(source));
    made[`${name}_ADDRESS_WITHOUT_PORT`] = (source) => of(source)[0];
    made[`${name}_PORT`] = (source) => String(of(source)[1]);
  }
  return made;
}

/** Whole milliseconds, never fewer than none. */
export function milliseconds(value: number): string {
  return String(Math.max(0, Math.floor(value)));
}

/** Response flags (`UF,URX`) by their long names; `-` for none. */
export function longFlags(flags: string): string {
  if (flags === "") return "-";
  return flags
    .split(",")
    .map((flag) => LONG_FLAGS[flag] ?? flag)
    .join(",");
}

/** Writes one value as JSON text; undefined: it has none, and is left out. */
type JsonWriter = (source: LineSource) => string | undefined;

function jsonWriter(plan: JsonValuePlan, omitEmpty: boolean): JsonWriter {
  switch (plan.kind) {
    case "text":
      return textWriter(plan.parts, omitEmpty);
    case "constant":
      return () => (omitEmpty && plan.text === "null" ? undefined : plan.text);
    case "list": {
      const values = plan.values.map((value) => jsonWriter(value, omitEmpty));
      return (source) => `[${joined(values.map((write) => write(source)))}]`;
    }
    case "map":
      return mapWriter(plan.fields, omitEmpty);
  }
}

/** A map of which nothing is left is left out itself. */
function mapWriter(fields: readonly JsonFieldPlan[], omitEmpty: boolean): JsonWriter {
  const writers = fields.map(({ key, value }) => ({
    name: `${JSON.stringify(key)}:`,
    write: jsonWriter(value, omitEmpty),
  }));
  return (source) => {
    const text = joined(
      writers.map(({ name, write }) => {
        const value = write(source);
        return value === undefined ? undefined : name + value;
      }),
    );
    return omitEmpty && text === "" ? undefined : `{${text}}`;
  };
}

function joined(texts: readonly (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined).join(",");
}

/** A single operator keeps its type: numbers are numbers, what is missing is null (Envoy's JSON formatter). */
function textWriter(parts: readonly FormatPartPlan[], omitEmpty: boolean): JsonWriter {
  const only = parts.length === 1 ? (parts[0] as FormatPartPlan) : null;
  const missing = omitEmpty ? "" : "-";
  if (only === null || only.kind === "literal") return (source) => JSON.stringify(formatText(parts, source, missing));
  const { name, args, lengthMax } = only;
  const none = omitEmpty ? undefined : "null";
  if (METADATA_OPERATORS.has(name)) {
    return (source) => {
      const value = source.typed(name, args) ?? undefined;
      if (value === undefined) return none;
      return typeof value === "string" ? JSON.stringify(value.slice(0, lengthMax)) : sortedJson(value);
    };
  }
  const isNumeric = NUMERIC.has(name) || (name === "GRPC_STATUS" && args[0] === "NUMBER");
  return (source) => {
    const value = source.operator(name, args)?.slice(0, lengthMax);
    if (value === undefined || (value === "" && !mayBeEmpty(name))) return none;
    return isNumeric ? String(Number(value)) : JSON.stringify(value);
  };
}

const NUMERIC: ReadonlySet<string> = new Set([
  "RESPONSE_CODE",
  "BYTES_RECEIVED",
  "BYTES_SENT",
  "DURATION",
  "REQUEST_DURATION",
  "RESPONSE_DURATION",
  "UPSTREAM_REQUEST_ATTEMPT_COUNT",
  "DOWNSTREAM_REMOTE_PORT",
  "DOWNSTREAM_LOCAL_PORT",
  "DOWNSTREAM_DIRECT_REMOTE_PORT",
  "DOWNSTREAM_DIRECT_LOCAL_PORT",
  "UPSTREAM_LOCAL_PORT",
  "UPSTREAM_REMOTE_PORT",
  "RESPONSE_TX_DURATION",
  "COMMON_DURATION",
  "CONNECTION_ID",
  "GRPC_STATUS_NUMBER",
]);

const LONG_FLAGS: Readonly<Record<string, string>> = {
  NR: "NoRouteFound",
  NC: "NoClusterFound",
  UH: "NoHealthyUpstream",
  UF: "UpstreamConnectionFailure",
  UO: "UpstreamOverflow",
  UC: "UpstreamConnectionTermination",
  UR: "UpstreamRemoteReset",
  UT: "UpstreamRequestTimeout",
  UPE: "UpstreamProtocolError",
  URX: "UpstreamRetryLimitExceeded",
  LR: "LocalReset",
  DC: "DownstreamConnectionTermination",
  DR: "DownstreamRemoteReset",
  DPE: "DownstreamProtocolError",
  DT: "DurationTimeout",
  SI: "StreamIdleTimeout",
  UMSDR: "UpstreamMaxStreamDurationReached",
  OM: "OverloadManagerTerminated",
  FI: "FaultInjected",
  DI: "DelayInjected",
  DO: "DropOverload",
  UDO: "UnconditionalDropOverload",
  RL: "RateLimited",
};
