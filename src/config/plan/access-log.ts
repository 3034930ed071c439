// Access logs. The format is parsed when the configuration is compiled; telemetry writes the lines.

/** One access log. */
export interface AccessLogPlan {
  readonly sink: "file" | "stdout" | "stderr";
  /** Path of a file sink. */
  readonly path: string;
  /** Parts in order: literal text, or an operator with its arguments. */
  readonly format: readonly FormatPartPlan[];
  /** JSON sinks: keys with parts; null for text. */
  readonly json: readonly JsonFieldPlan[] | null;
}

/** A literal or one `%OPERATOR(args):max%`. */
export type FormatPartPlan =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "operator"; readonly name: string; readonly args: readonly string[]; readonly lengthMax: number };

/** One field of a JSON access log. */
export interface JsonFieldPlan {
  readonly key: string;
  readonly parts: readonly FormatPartPlan[];
}
