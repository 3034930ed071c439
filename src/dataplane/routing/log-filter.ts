// Which lines an access log wants: its filter made ready once, asked for every line. What it looks at it asks of the line's own source,
// so that requests and raw connections are filtered alike.
import type { Random } from "../../base/random.ts";
import type { ComparisonPlan, LogFilterPlan } from "../../config/plan/log-filter.ts";
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import { grpcStatusOfHttp } from "../../protocol/grpc-status.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { FormatSource } from "./format.ts";
import { headerTest } from "./header-matcher.ts";

/** What lines are made of. */
export interface LoggedSource extends FormatSource {
  /** The request's head; null: there is none. */
  readonly request: HeaderList | null;
  /** Whether the health check filter took it for a health check. */
  readonly isHealthCheck: boolean;
  /** Response flags with commas between; empty: none. */
  readonly flags: string;
  /** Why the line is written now. */
  logType: LogType;
}

/** When a line is written: the values of `%ACCESS_LOG_TYPE%` that Starling has. */
export type LogType =
  | "DownstreamStart"
  | "DownstreamTunnelSuccessfullyEstablished"
  | "DownstreamPeriodic"
  | "DownstreamEnd"
  | "TcpUpstreamConnected"
  | "TcpPeriodic"
  | "TcpConnectionEnd";

/** Whether a line is wanted. */
export type LogFilter = (source: LoggedSource) => boolean;

/** The parts of the worker's services that filters ask; the runtime is swapped as a whole, so it is asked anew for every line. */
export type FilterServices = { readonly runtime: RuntimeView; readonly random: Random };

/** Makes a filter ready. */
export function logFilter(plan: LogFilterPlan, services: FilterServices): LogFilter {
  switch (plan.kind) {
    case "status": {
      const compare = comparison(plan.comparison, services);
      return (source) => compare(Number(source.operator("RESPONSE_CODE", [])));
    }
    case "duration": {
      const compare = comparison(plan.comparison, services);
      return (source) => compare(Number(source.operator("DURATION", [])));
    }
    case "not_health_check":
      return (source) => !source.isHealthCheck;
    case "share":
      return share(plan, services);
    case "and": {
      const filters = plan.filters.map((filter) => logFilter(filter, services));
      return (source) => filters.every((filter) => filter(source));
    }
    case "or": {
      const filters = plan.filters.map((filter) => logFilter(filter, services));
      return (source) => filters.some((filter) => filter(source));
    }
    case "header": {
      const test = headerTest(plan.header);
      return ({ request }) => request !== null && test(request);
    }
    case "flags": {
      const wanted = new Set(plan.flags);
      return ({ flags }) => flags !== "" && (wanted.size === 0 || flags.split(",").some((flag) => wanted.has(flag)));
    }
    case "grpc_status": {
      const wanted = new Set(plan.statuses);
      return (source) => wanted.has(grpcStatusOf(source)) !== plan.isExcluded;
    }
    case "type": {
      const wanted = new Set<string>(plan.types);
      return ({ logType }) => wanted.has(logType) !== plan.isExcluded;
    }
  }
}

function comparison(
  { operator, value, runtimeKey }: ComparisonPlan,
  services: FilterServices,
): (own: number) => boolean {
  const bound = (): number => (runtimeKey === "" ? value : runtimeInteger(services.runtime, runtimeKey, value));
  switch (operator) {
    case "EQ":
      return (own) => own === bound();
    case "NE":
      return (own) => own !== bound();
    case "GE":
      return (own) => own >= bound();
    case "LE":
      return (own) => own <= bound();
  }
}

/** A whole number in the runtime is of the configured denominator here, as in Envoy. */
function share({ fraction, isIndependent }: LogFilterPlan & { kind: "share" }, services: FilterServices): LogFilter {
  return ({ request }) => {
    const number = (isIndependent ? undefined : numberOfId(request)) ?? services.random.next32();
    return number % fraction.denominator < runtimeInteger(services.runtime, fraction.runtimeKey, fraction.numerator);
  };
}

/** The first eight hexadecimal digits of x-request-id. */
function numberOfId(request: HeaderList | null): number | undefined {
  const digits = /^[0-9a-fA-F]{8}/.exec(request?.valueByName("x-request-id") ?? "")?.[0];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** Of trailers or head, else what the HTTP status stands for. */
function grpcStatusOf(source: LoggedSource): number {
  const own = source.operator("GRPC_STATUS_NUMBER", []);
  if (own !== undefined && /^\d+$/.test(own)) return Number(own);
  return grpcStatusOfHttp(Number(source.operator("RESPONSE_CODE", [])));
}
