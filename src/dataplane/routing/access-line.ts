// One line of an access log, and the texts that its operators have in common whoever answers them: requests and raw connections.
import type { AccessLogPlan, FormatPartPlan, JsonFieldPlan } from "../../config/plan/access-log.ts";
import { type FormatSource, formatText } from "./format.ts";

/** The line, its end included. */
export function accessLine(plan: AccessLogPlan, source: FormatSource): string {
  if (plan.json === null) return formatText(plan.format, source, "-");
  return `${JSON.stringify(jsonObject(plan.json, source, plan.omitEmpty))}\n`;
}

/** `address:port`, undefined where there is no address. */
export function withPort(address: string, port: number): string | undefined {
  if (address === "") return undefined;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whole milliseconds, never fewer than none. */
export function milliseconds(value: number): string {
  return String(Math.max(0, Math.floor(value)));
}

/** Response flags (`UF,URX`) by their long names. */
export function longFlags(flags: string): string {
  return flags
    .split(",")
    .map((flag) => LONG_FLAGS[flag] ?? flag)
    .join(",");
}

function jsonObject(
  fields: readonly JsonFieldPlan[],
  source: FormatSource,
  omitEmpty: boolean,
): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of fields) {
    if (field.fields !== null) object[field.key] = jsonObject(field.fields, source, omitEmpty);
    else if (field.constant !== null) object[field.key] = JSON.parse(field.constant);
    else {
      const value = jsonValue(field.parts, source);
      if (value !== null || !omitEmpty) object[field.key] = value;
    }
  }
  return object;
}

/** A single operator keeps its type: numbers are numbers, what is missing is null (Envoy's JSON formatter). */
function jsonValue(parts: readonly FormatPartPlan[], source: FormatSource): string | number | null {
  const only = parts.length === 1 ? (parts[0] as FormatPartPlan) : null;
  if (only === null || only.kind === "literal") return formatText(parts, source, "-");
  const value = source.operator(only.name, only.args)?.slice(0, only.lengthMax);
  if (value === undefined || value === "") return null;
  return NUMERIC.has(only.name) ? Number(value) : value;
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
