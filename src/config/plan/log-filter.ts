// Which requests and connections an access log writes of: envoy.config.accesslog.v3.AccessLogFilter as data.
import type { FractionPlan, HeaderMatcherPlan, StringMatcherPlan } from "./match.ts";

/** A number against which another one is held; the runtime may replace it. */
export interface ComparisonPlan {
  readonly operator: "EQ" | "GE" | "LE" | "NE";
  readonly value: number;
  readonly runtimeKey: string;
}

/** One condition. */
export type LogFilterPlan =
  /** The status that was answered; 0 when none was. */
  | { readonly kind: "status"; readonly comparison: ComparisonPlan }
  /** Whole milliseconds from the request's first byte to the line. */
  | { readonly kind: "duration"; readonly comparison: ComparisonPlan }
  /** Not what the health check filter took for a health check. */
  | { readonly kind: "not_health_check" }
  /** A share. By the request's id, so that all proxies on its way log it or none does, unless `isIndependent`. */
  | { readonly kind: "share"; readonly fraction: FractionPlan; readonly isIndependent: boolean }
  | { readonly kind: "and" | "or"; readonly filters: readonly LogFilterPlan[] }
  /** Of the request; one without a head has no fields. */
  | { readonly kind: "header"; readonly header: HeaderMatcherPlan }
  /** Any of these response flags, or any at all when there are none. */
  | { readonly kind: "flags"; readonly flags: readonly string[] }
  /** Numbers of gRPC statuses; those of an answer that says none come from its HTTP status. */
  | { readonly kind: "grpc_status"; readonly statuses: readonly number[]; readonly isExcluded: boolean }
  /** Requests that are traced because a service asked for it: as in Envoy, no others. */
  | { readonly kind: "traced" }
  /** A value of the request's dynamic metadata; null matches none. `missing`: what holds where there is no value. */
  | {
      readonly kind: "metadata";
      readonly path: readonly string[];
      readonly value: ValueMatcherPlan | null;
      readonly missing: boolean;
    }
  /** Names as `%ACCESS_LOG_TYPE%` has them. */
  | { readonly kind: "type"; readonly types: readonly string[]; readonly isExcluded: boolean };

/** Which values of metadata match: envoy.type.matcher.v3.ValueMatcher. */
export type ValueMatcherPlan =
  | { readonly kind: "null" }
  /** From `start` up to `end`, or one number. */
  | { readonly kind: "range"; readonly start: number; readonly end: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly string: StringMatcherPlan }
  | { readonly kind: "truth"; readonly value: boolean }
  | { readonly kind: "present"; readonly present: boolean }
  /** A list with one that matches. */
  | { readonly kind: "list"; readonly element: ValueMatcherPlan }
  | { readonly kind: "any"; readonly matchers: readonly ValueMatcherPlan[] };
