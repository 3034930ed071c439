// Access logs. The format is parsed when the configuration is compiled; telemetry writes the lines.

import type { LogFilterPlan } from "./log-filter.ts";
import type { OtlpLogPlan } from "./otlp.ts";

/** One access log. */
export type AccessLogPlan = TextLogPlan | RecordLogPlan;

/** One whose records are sent over OTLP. */
export interface RecordLogPlan {
  readonly sink: "otlp";
  readonly records: OtlpLogPlan;
  /** Which records it wants; null: all. */
  readonly filter: LogFilterPlan | null;
}

/** What a line or a body is made of. */
export interface LineFormatPlan {
  /** Parts in order: literal text, or an operator with its arguments. Empty for JSON. */
  readonly format: readonly FormatPartPlan[];
  /** JSON sinks: keys with values, in the order of the keys, as Envoy writes them; null for text. */
  readonly json: readonly JsonFieldPlan[] | null;
  /** omit_empty_values: what has no value is left out, default false. */
  readonly omitEmpty: boolean;
}

/** One that writes lines. */
export interface TextLogPlan extends LineFormatPlan {
  readonly sink: "file" | "stdout" | "stderr";
  /** Path of a file sink. */
  readonly path: string;
  /** Which lines it wants; null: all. */
  readonly filter: LogFilterPlan | null;
}

/**
 * A literal or one `%OPERATOR(args):max%`. Names are canonical: REQ, RESP, TRAILER for their long forms. Arguments: header operators
 * have one or two lower-case header names (`A?B`), metadata operators their path split at colons, others what stood in parentheses.
 * `lengthMax` is Infinity without `:max`.
 */
export type FormatPartPlan =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "operator"; readonly name: string; readonly args: readonly string[]; readonly lengthMax: number };

/** One field of a JSON access log. */
export interface JsonFieldPlan {
  readonly key: string;
  readonly value: JsonValuePlan;
}

/** What a JSON access log writes. */
export type JsonValuePlan =
  | { readonly kind: "text"; readonly parts: readonly FormatPartPlan[] }
  /** JSON text written as it stands: numbers, booleans, null. */
  | { readonly kind: "constant"; readonly text: string }
  | { readonly kind: "list"; readonly values: readonly JsonValuePlan[] }
  | { readonly kind: "map"; readonly fields: readonly JsonFieldPlan[] };
