// Access logs. The format is parsed when the configuration is compiled; telemetry writes the lines.

import type { LogFilterPlan } from "./log-filter.ts";

/** One access log. */
export interface AccessLogPlan {
  readonly sink: "file" | "stdout" | "stderr";
  /** Path of a file sink. */
  readonly path: string;
  /** Parts in order: literal text, or an operator with its arguments. Empty for JSON. */
  readonly format: readonly FormatPartPlan[];
  /** JSON sinks: keys with parts, in the file's order; null for text. */
  readonly json: readonly JsonFieldPlan[] | null;
  /** Which lines it wants; null: all. */
  readonly filter: LogFilterPlan | null;
  /** JSON: fields whose operator has no value are left out (omit_empty_values), default false. */
  readonly omitEmpty: boolean;
}

/**
 * A literal or one `%OPERATOR(args):max%`. Names are canonical: REQ, RESP, TRAILER for their long forms. Arguments: header operators
 * have one or two lower-case header names (`A?B`), metadata operators their path split at colons, others what stood in parentheses.
 * `lengthMax` is Infinity without `:max`.
 */
export type FormatPartPlan =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "operator"; readonly name: string; readonly args: readonly string[]; readonly lengthMax: number };

/** One field of a JSON access log: exactly one of constant, nested object and parts. */
export interface JsonFieldPlan {
  readonly key: string;
  readonly parts: readonly FormatPartPlan[];
  /** JSON text written as it stands (numbers, booleans, null, constant lists); null: none. */
  readonly constant: string | null;
  /** Fields of a nested object; null: none. */
  readonly fields: readonly JsonFieldPlan[] | null;
}
