// Tracing of a connection manager: which requests are followed, what their spans say, and to whom spans are exported.
import type { FormatPartPlan } from "./access-log.ts";
import type { FractionPlan } from "./match.ts";

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
  /** Name of spans; empty: none of its own. */
  readonly operation: string;
  /** Whether the other proxy of the hop is told that name (decorator.propagate, default true). */
  readonly tellsOperation: boolean;
}

/** Where spans go: over OTLP to an endpoint of a cluster. Equal ones share their batches. */
export interface TraceExporterPlan {
  readonly protocol: "grpc" | "http";
  readonly cluster: string;
  readonly authority: string;
  /** `:path` of an export. */
  readonly path: string;
  /** For one export; default 10 000. */
  readonly timeoutMs: number;
  /** Sent with each export: names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** service_name; empty: of the environment, else the node's cluster. */
  readonly serviceName: string;
}
