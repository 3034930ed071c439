// Tracing of a connection manager: which requests are followed, what their spans say, and to whom spans are exported.
import type { FormatPartPlan } from "./access-log.ts";
import type { FractionPlan } from "./match.ts";
import type { OtlpTargetPlan } from "./otlp-target.ts";

/** HttpConnectionManager.tracing. */
export interface TracingPlan {
  /** Where its spans go. */
  readonly exporter: TraceExporterPlan;
  /** Of requests with x-client-trace-id; of others; of what both of these chose. Each is of 100 or 10,000 and follows the runtime. */
  readonly clientSampling: FractionPlan;
  readonly randomSampling: FractionPlan;
  readonly overallSampling: FractionPlan;
  /** traffic_direction OUTBOUND: spans are named `egress <host>` and are a client's; else `ingress`, a server's. */
  readonly isEgress: boolean;
  /** max_path_tag_length, default 256: characters of paths in spans. */
  readonly pathLengthMax: number;
  readonly tags: readonly TraceTagPlan[];
  /** no_context_propagation: the upstream is told nothing. */
  readonly isSilent: boolean;
  /** spawn_upstream_span: each attempt is a client's span below the request's, which is a server's. */
  readonly spawnsUpstream: boolean;
  readonly names: SpanNamesPlan;
  /** Null: the tracer is OpenTelemetry's. */
  readonly zipkin: ZipkinPlan | null;
}

/** operation and upstream_operation: names of spans, put together when a span ends. Null: as ever, or as somebody else says. */
export interface SpanNamesPlan {
  readonly request: readonly FormatPartPlan[] | null;
  readonly attempt: readonly FormatPartPlan[] | null;
}

/** What Zipkin's tracer does in its own way. */
export interface ZipkinPlan {
  /** trace_context_option USE_B3_WITH_W3C_PROPAGATION: W3C Trace Context besides B3. */
  readonly withTraceContext: boolean;
  /** trace_id_128bit */
  readonly has128Bits: boolean;
  /** shared_span_context, default true: a server's span is its client's. */
  readonly isShared: boolean;
  /** split_spans_for_request: spans of requests are a server's, whatever the direction. */
  readonly splitsSpans: boolean;
  /** Of the node; empty: it has none. */
  readonly nodeId: string;
  readonly zone: string;
}

/** A custom tag. */
export interface TraceTagPlan {
  readonly name: string;
  readonly parts: readonly FormatPartPlan[];
  /** In place of an operator without a value; null: the tag is then left out. */
  readonly otherwise: string | null;
}

/** Route.tracing and Route.decorator. */
export interface RouteTracingPlan {
  /** Null: the connection manager's. */
  readonly clientSampling: FractionPlan | null;
  readonly randomSampling: FractionPlan | null;
  readonly overallSampling: FractionPlan | null;
  readonly tags: readonly TraceTagPlan[];
  /** Null: the connection manager's. */
  readonly names: SpanNamesPlan;
  /** Name of spans; empty: none of its own. */
  readonly operation: string;
  /** Whether the other proxy of the hop is told that name (decorator.propagate, default true). */
  readonly tellsOperation: boolean;
}

/** Where spans go. Equal ones share their batches. */
export interface TraceExporterPlan extends OtlpTargetPlan {
  readonly tracer: "opentelemetry" | "zipkin";
  /** service_name; empty: of the environment, else the node's cluster. */
  readonly serviceName: string;
}
