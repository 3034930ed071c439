// Which lines an access log wants: its filter made ready once, asked for every line. What it looks at it asks of the line's own source,
// so that requests and raw connections are filtered alike.
import type { Random } from "../base/random.ts";
import { type HeaderFields, headerFieldTest } from "../config/plan/header-test.ts";
import type { ComparisonPlan, LogFilterPlan, ValueMatcherPlan } from "../config/plan/log-filter.ts";
import { type RuntimeView, runtimeInteger } from "../config/plan/runtime.ts";
import { textTest } from "../config/plan/text-test.ts";
import type { FormatSource } from "./format.ts";

/** What lines are made of. */
export interface LoggedSource extends FormatSource {
  /** The request's head; null: there is none. */
  readonly request: HeaderFields | null;
  /** When it began, since 1970. */
  readonly startWallMs: number;
  /** Whether the health check filter took it for a health check. */
  readonly isHealthCheck: boolean;
  /** Response flags with commas between; empty: none. */
  readonly flags: string;
  /** What an operator of metadata stands for: texts, numbers, lists; undefined: nothing. */
  typed(name: string, args: readonly string[]): unknown;
  /** Why the line is written now. */
  logType: LogType;
  /** The number of its gRPC status: of trailers or head, else what the HTTP status stands for. */
  grpcStatus(): number;
}

/** When a line is written: the values of `%ACCESS_LOG_TYPE%` that Starling has. */
export type LogType =
  | "DownstreamStart"
  | "DownstreamTunnelSuccessfullyEstablished"
  | "DownstreamPeriodic"
  | "DownstreamEnd"
  | "TcpUpstreamConnected"
  | "TcpPeriodic"
  | "TcpConnectionEnd"
  /** Of listeners and the admin server, as Envoy has it. */
  | "NotSet";

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
      const test = headerFieldTest(plan.header);
      return ({ request }) => request !== null && test(request);
    }
    case "flags": {
      const wanted = new Set(plan.flags);
      return ({ flags }) => flags !== "" && (wanted.size === 0 || flags.split(",").some((flag) => wanted.has(flag)));
    }
    case "grpc_status": {
      const wanted = new Set(plan.statuses);
      return (source) => wanted.has(source.grpcStatus()) !== plan.isExcluded;
    }
    case "traced":
      return (source) => source.operator("TRACE_ID", []) !== undefined && isForced(source.request);
    case "metadata": {
      const test = plan.value === null ? () => false : valueTest(plan.value);
      return (source) => {
        const value = plan.path.length === 0 ? undefined : source.typed("DYNAMIC_METADATA", plan.path);
        return value === undefined ? plan.missing : test(value);
      };
    }
    case "type": {
      const wanted = new Set<string>(plan.types);
      return ({ logType }) => wanted.has(logType) !== plan.isExcluded;
    }
  }
}

function valueTest(plan: ValueMatcherPlan): (value: unknown) => boolean {
  switch (plan.kind) {
    case "null":
      return (value) => value === null;
    case "number":
      return (value) => value === plan.value;
    case "range":
      return (value) => typeof value === "number" && value >= plan.start && value < plan.end;
    case "string": {
      const test = textTest(plan.string);
      return (value) => typeof value === "string" && test(value);
    }
    case "truth":
      return (value) => value === plan.value;
    // Who is asked has a value.
    case "present":
      return () => plan.present;
    case "list": {
      const test = valueTest(plan.element);
      return (value) => Array.isArray(value) && value.some(test);
    }
    case "any": {
      const tests = plan.matchers.map(valueTest);
      return (value) => tests.some((test) => test(value));
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

/** The version of the id in x-request-id says why a request is traced: a where a service asked for it (x-envoy-force-trace). */
function isForced(request: HeaderFields | null): boolean {
  return request?.valueByName("x-request-id")?.charAt(14) === "a";
}

/** The first eight hexadecimal digits of x-request-id. */
function numberOfId(request: HeaderFields | null): number | undefined {
  const digits = /^[0-9a-fA-F]{8}/.exec(request?.valueByName("x-request-id") ?? "")?.[0];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
