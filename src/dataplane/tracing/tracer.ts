// Spans of one connection manager: begun when a request's head was cleaned, told to the upstream, and written when the request is over.
import type { TraceTagPlan, TracingPlan } from "../../config/plan/tracing.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { attributeText, cleanText, type SpanEvent, spanLine } from "../../telemetry/span-record.ts";
import { count } from "../../telemetry/stats-add.ts";
import { type FormatSource, formatText } from "../routing/format.ts";
import type { Route } from "../routing/route-table.ts";
import type { WorkerServices } from "../worker-services.ts";
import { sample, type TraceReason } from "./sampling.ts";
import {
  type ParentSpan,
  readTraceparent,
  spanIdIn,
  TRACEPARENT_BYTES,
  traceIdIn,
  writeTraceparent,
} from "./trace-context.ts";

/** The request of a span, as far as the span tells of it. */
export interface TracedRequest extends FormatSource {
  readonly request: HeaderList | null;
  readonly startMs: number;
  readonly startWallMs: number;
  readonly isGrpc: boolean;
  /** Response flags with commas between; empty: none. */
  readonly flags: string;
  nowMs(): number;
  /** The route as it is now, chosen if need be. */
  route(): Route | null;
}

/** The span of one request that is exported. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Something happened now. */
  note(name: string, attribute: string, value: string): void;
  /** The request is over. */
  end(): void;
}

/** Makes the spans of one connection manager in one worker. */
export class Tracer {
  private readonly plan: TracingPlan;
  private readonly services: WorkerServices;
  /** HTTP block. */
  private readonly stats: Float64Array;
  private readonly hasRoutes: boolean;
  private readonly written: Buffer = Buffer.alloc(TRACEPARENT_BYTES);

  /** `hasRoutes`: some route has words of its own about tracing. */
  constructor(plan: TracingPlan, services: WorkerServices, stats: Float64Array, hasRoutes: boolean) {
    this.plan = plan;
    this.services = services;
    this.stats = stats;
    this.hasRoutes = hasRoutes;
  }

  /** Decides about a request and writes its traceparent; null: it has no span that is exported. */
  begin(request: TracedRequest, head: HeaderList): Span | null {
    const { plan, services, written } = this;
    const own = this.hasRoutes ? (request.route()?.plan.tracing ?? null) : null;
    const reason = sample(head, plan, own, services);
    count(this.stats, COUNTERS[reason]);
    const given = head.value(H.TRACEPARENT);
    const parent = given === undefined ? null : readTraceparent(given);
    // As in Envoy: what cannot be read goes on as it is, and nobody's child is no root.
    if (given !== undefined && parent === null) return null;
    const isSampled = reason !== "none" && (parent === null || parent.isSampled);
    writeTraceparent(written, parent?.traceId ?? "", isSampled, services.random);
    if (!plan.isSilent) {
      if (given === undefined) head.addKnown(H.TRACEPARENT, written, 0, TRACEPARENT_BYTES);
      else head.setText(H.TRACEPARENT, written.latin1Slice(0, TRACEPARENT_BYTES));
    }
    if (!isSampled) return null;
    const { isEgress } = plan;
    const told = isEgress ? undefined : head.value(H.X_ENVOY_DECORATOR_OPERATION);
    if (told !== undefined) head.remove(H.X_ENVOY_DECORATOR_OPERATION);
    else if (isEgress && own !== null && own.operation !== "" && own.tellsOperation)
      head.setText(H.X_ENVOY_DECORATOR_OPERATION, own.operation);
    const name = told ?? (own?.operation || (isEgress ? `egress ${head.value(H.PSEUDO_AUTHORITY) ?? ""}` : "ingress"));
    const ids = { traceId: traceIdIn(written), spanId: spanIdIn(written), parent, name };
    return new RequestSpan(plan, services, request, ids, own?.tags ?? NO_TAGS);
  }
}

interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: ParentSpan | null;
  readonly name: string;
}

class RequestSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  private readonly plan: TracingPlan;
  private readonly services: WorkerServices;
  private readonly request: TracedRequest;
  private readonly ids: SpanIds;
  private readonly tags: readonly TraceTagPlan[];
  /** Before a route rewrote them. */
  private readonly path: string;
  private readonly authority: string;
  private attributes = "";
  private count = 0;
  private events: SpanEvent[] | null = null;

  constructor(
    plan: TracingPlan,
    services: WorkerServices,
    request: TracedRequest,
    ids: SpanIds,
    tags: readonly TraceTagPlan[],
  ) {
    this.traceId = ids.traceId;
    this.spanId = ids.spanId;
    this.plan = plan;
    this.services = services;
    this.request = request;
    this.ids = ids;
    this.tags = tags;
    this.path = request.request?.value(H.PSEUDO_PATH) ?? "";
    this.authority = request.request?.value(H.PSEUDO_AUTHORITY) ?? "";
  }

  note(name: string, attribute: string, value: string): void {
    this.events ??= [];
    this.events.push({ name, offsetUs: this.sinceStartUs(), attribute, value });
  }

  end(): void {
    const { ids, plan, request } = this;
    const status = Number(request.operator("RESPONSE_CODE", []));
    this.describe(status);
    for (const tag of plan.tags) this.addTag(tag);
    for (const tag of this.tags) this.addTag(tag);
    const head = {
      kind: plan.isEgress ? "client" : "server",
      traceId: ids.traceId,
      spanId: ids.spanId,
      parentId: ids.parent?.spanId ?? "",
      traceState: request.request?.value(H.TRACESTATE) ?? "",
      name: ids.name,
      startUs: Math.round(request.startWallMs * 1000),
      durationUs: this.sinceStartUs(),
      isError: status === 0 || status >= (plan.isEgress ? 400 : 500) || this.failsGrpc(),
    } as const;
    this.services.spans.add(plan.exporter, spanLine(head, this.attributes, this.count, this.events ?? NO_EVENTS));
  }

  /** OpenTelemetry's stable conventions for HTTP, and what only a proxy knows. */
  private describe(status: number): void {
    const { authority, path, plan, request } = this;
    const head = request.request;
    const query = path.indexOf("?");
    this.add("http.request.method", head?.value(H.PSEUDO_METHOD));
    this.add("url.scheme", head?.value(H.PSEUDO_SCHEME) ?? head?.value(H.X_FORWARDED_PROTO));
    this.add("url.path", (query < 0 ? path : path.slice(0, query)).slice(0, plan.pathLengthMax));
    if (query >= 0) this.add("url.query", path.slice(query + 1, query + 1 + plan.pathLengthMax));
    this.add("server.address", authority);
    this.add("client.address", this.of("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"));
    this.add("user_agent.original", head?.value(H.USER_AGENT));
    this.add("network.protocol.version", this.of("PROTOCOL")?.slice(5));
    this.add("request_id", head?.value(H.X_REQUEST_ID));
    this.add("http.response.status_code", status);
    this.add("http.request.body.size", this.of("BYTES_RECEIVED"));
    this.add("http.response.body.size", this.of("BYTES_SENT"));
    const { flags } = request;
    if (status === 0 || status >= 500) this.add("error.type", flags || status);
    if (request.isGrpc) {
      this.add("rpc.system", "grpc");
      this.add("rpc.grpc.status_code", this.of("GRPC_STATUS_NUMBER"));
    }
    this.add("response_flags", flags);
    this.add("upstream_cluster", this.of("UPSTREAM_CLUSTER_RAW"));
    this.add("upstream_address", this.of("UPSTREAM_HOST"));
    const attempts = Number(this.of("UPSTREAM_REQUEST_ATTEMPT_COUNT"));
    if (attempts > 1) this.add("http.request.resend_count", attempts - 1);
  }

  private of(operator: string): string | undefined {
    return this.request.operator(operator, NO_ARGUMENTS);
  }

  /** A text that is not there, or empty, is left out. */
  private add(name: string, value: string | number | undefined): void {
    if (value === undefined || value === "") return;
    this.attributes += attributeText(name, value);
    this.count++;
  }

  private addTag({ name, parts, otherwise }: TraceTagPlan): void {
    const text = formatText(parts, this.request, "");
    this.add(name, cleanText(text === "" ? (otherwise ?? "") : text));
  }

  private failsGrpc(): boolean {
    return this.request.isGrpc && (this.request.operator("GRPC_STATUS_NUMBER", []) ?? "0") !== "0";
  }

  private sinceStartUs(): number {
    return Math.max(0, Math.round((this.request.nowMs() - this.request.startMs) * 1000));
  }
}

const COUNTERS: Readonly<Record<TraceReason, number>> = {
  none: HTTP.at["tracing.not_traceable"],
  sampled: HTTP.at["tracing.random_sampling"],
  service: HTTP.at["tracing.service_forced"],
  client: HTTP.at["tracing.client_enabled"],
};
const NO_TAGS: readonly TraceTagPlan[] = [];
const NO_ARGUMENTS: readonly string[] = [];
const NO_EVENTS: readonly SpanEvent[] = [];
