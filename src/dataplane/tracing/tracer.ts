// Spans of one connection manager: begun when a request's head was cleaned, told to the upstream, and written when the request is over.
import type { RouteTracingPlan, TracingPlan, ZipkinPlan } from "../../config/plan/tracing.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { OtlpSpanWriter } from "../../telemetry/otlp-span-writer.ts";
import type { SpanIds } from "../../telemetry/span-ids.ts";
import { SpanKey, type SpanWriter } from "../../telemetry/span-writer.ts";
import { count } from "../../telemetry/stats-add.ts";
import { ZipkinJsonWriter, ZipkinProtoWriter } from "../../telemetry/zipkin-span-writer.ts";
import type { WorkerServices } from "../worker-services.ts";
import { B3 } from "./b3.ts";
import { ENVOY_WORDS } from "./envoy-words.ts";
import { FoundContext, type Propagation } from "./propagation.ts";
import { childOf, customTags, RequestSpan, type Span, type SpanParts } from "./request-span.ts";
import { sample, type TraceReason } from "./sampling.ts";
import { SEMANTIC_WORDS } from "./semantic-words.ts";
import { TraceContext } from "./trace-context.ts";
import type { TracedRequest } from "./traced-request.ts";

/** Makes the spans of one connection manager in one worker. */
export class Tracer {
  private readonly plan: TracingPlan;
  private readonly services: WorkerServices;
  /** HTTP block. */
  private readonly stats: Float64Array;
  private readonly hasRoutes: boolean;
  private readonly propagation: Propagation;
  private readonly found: FoundContext = new FoundContext();
  private readonly parts: SpanParts;
  private readonly isServer: boolean;

  /** `hasRoutes`: some route has words of its own about tracing. */
  constructor(plan: TracingPlan, services: WorkerServices, stats: Float64Array, hasRoutes: boolean) {
    const { exporter, zipkin } = plan;
    this.plan = plan;
    this.services = services;
    this.stats = stats;
    this.hasRoutes = hasRoutes;
    this.propagation = zipkin === null ? new TraceContext() : new B3(zipkin.withTraceContext);
    this.isServer = !plan.isEgress || plan.spawnsUpstream || zipkin?.splitsSpans === true;
    this.parts = {
      plan,
      random: services.random,
      propagation: this.propagation,
      batch: services.spans.of(exporter),
      writer: writerOf(plan, services),
      words: zipkin === null ? SEMANTIC_WORDS : ENVOY_WORDS,
      kind: this.isServer ? "server" : "client",
      origin: zipkin === null ? [] : originOf(zipkin),
      tags: customTags(plan.tags),
    };
  }

  /** Decides about a request and tells the upstream; null: it has no span that is exported. */
  begin(request: TracedRequest, head: HeaderList): Span | null {
    const own = this.ownOf(request);
    return this.spanOf(request, head, own, sample(head, this.plan, own, this.services));
  }

  /** The same for a request that a redirect sent elsewhere: as in Envoy nothing speaks for another span but a parent that decides. */
  beginAgain(request: TracedRequest, head: HeaderList): Span | null {
    return this.spanOf(request, head, this.ownOf(request), "none");
  }

  private ownOf(request: TracedRequest): RouteTracingPlan | null {
    return this.hasRoutes ? (request.route()?.plan.tracing ?? null) : null;
  }

  private spanOf(
    request: TracedRequest,
    head: HeaderList,
    own: RouteTracingPlan | null,
    reason: TraceReason,
  ): Span | null {
    const { found, plan, services } = this;
    count(this.stats, COUNTERS[reason]);
    found.clear();
    this.propagation.read(head, found);
    // As in Envoy: what cannot be read goes on as it is, and nobody's child is no root.
    if (found.kind === "bad") return null;
    const isSampled = this.decides(reason !== "none");
    const ids = this.idsOfNew();
    // Who spawns spans tells an upstream of one of its own, whether it is exported or not; attempts that are do it themselves.
    const told = plan.spawnsUpstream && !isSampled ? childOf(ids, services.random) : ids;
    if (!plan.isSilent) this.propagation.write(head, told, isSampled);
    return isSampled ? new RequestSpan(this.parts, request, ids, this.nameOf(head, own), own) : null;
  }

  /** W3C: a parent that is not sampled has no children that are. B3: what the parent says holds. */
  private decides(isTraced: boolean): boolean {
    const { isSampled } = this.found;
    if (isSampled === null) return isTraced;
    return this.plan.zipkin === null ? isTraced && isSampled : isSampled;
  }

  private idsOfNew(): SpanIds {
    const { found, plan, services } = this;
    const { zipkin } = plan;
    const { random } = services;
    const isRoot = found.kind === "none";
    if (!isRoot && zipkin?.isShared === true && this.isServer) {
      // The server's half of its client's span.
      const { traceA, traceB, traceC, traceD, spanA, spanB, parentA, parentB } = found;
      return { traceA, traceB, traceC, traceD, spanA, spanB, parentA, parentB };
    }
    const spanA = random.next32() | 0;
    const spanB = random.next32() | 1; // an id is not zero
    if (!isRoot) {
      const { traceA, traceB, traceC, traceD } = found;
      return { traceA, traceB, traceC, traceD, spanA, spanB, parentA: found.spanA, parentB: found.spanB };
    }
    // Zipkin's root has the id of its trace, or of its lower half.
    const isWide = zipkin === null || zipkin.has128Bits;
    return {
      traceA: isWide ? random.next32() | 0 : 0,
      traceB: isWide ? random.next32() | 0 : 0,
      traceC: zipkin === null ? random.next32() | 0 : spanA,
      traceD: zipkin === null ? random.next32() | 1 : spanB,
      spanA,
      spanB,
      parentA: 0,
      parentB: 0,
    };
  }

  private nameOf(head: HeaderList, own: RouteTracingPlan | null): string {
    const { isEgress, zipkin } = this.plan;
    const told = isEgress ? undefined : head.value(H.X_ENVOY_DECORATOR_OPERATION);
    if (told !== undefined) head.remove(H.X_ENVOY_DECORATOR_OPERATION);
    else if (isEgress && own !== null && own.operation !== "" && own.tellsOperation)
      head.setText(H.X_ENVOY_DECORATOR_OPERATION, own.operation);
    const name = told ?? own?.operation ?? "";
    if (name !== "") return name;
    if (zipkin === null && !isEgress) return "ingress";
    const authority = head.value(H.PSEUDO_AUTHORITY) ?? "";
    return zipkin === null ? `egress ${authority}` : authority;
  }
}

function writerOf({ exporter, zipkin }: TracingPlan, { localAddress }: WorkerServices): SpanWriter {
  if (zipkin === null) return new OtlpSpanWriter();
  const place = { serviceName: exporter.serviceName, address: localAddress, isShared: zipkin.isShared };
  return exporter.protocol === "http" ? new ZipkinProtoWriter(place) : new ZipkinJsonWriter(place);
}

/** Envoy's names for the node. */
function originOf({ nodeId, zone }: ZipkinPlan): SpanParts["origin"] {
  const pairs = [new SpanKey("node_id"), new SpanKey("zone")].map((key, i) => [key, [nodeId, zone][i] ?? ""] as const);
  return pairs.filter(([, value]) => value !== "");
}

const COUNTERS: Readonly<Record<TraceReason, number>> = {
  none: HTTP.at["tracing.not_traceable"],
  sampled: HTTP.at["tracing.random_sampling"],
  service: HTTP.at["tracing.service_forced"],
  client: HTTP.at["tracing.client_enabled"],
};
