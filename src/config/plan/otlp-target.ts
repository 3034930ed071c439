// Where the telemetry thread sends what it has, over OTLP or as Zipkin wants it. Made by compile/otlp-target.ts.

/** An endpoint of a cluster, and how it is spoken to. */
export interface OtlpTargetPlan {
  /** `http_json`: its bodies are JSON. */
  readonly protocol: "grpc" | "http" | "http_json";
  readonly cluster: string;
  readonly authority: string;
  /** `:path` of an export. */
  readonly path: string;
  /** For one export; default 10 000. */
  readonly timeoutMs: number;
  /** Sent with each export: names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}
