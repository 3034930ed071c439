// Runs what is exported on the telemetry thread: spans, records of access logs and metrics, with an exporter for each target that they name.
// Each has a connection of its own to the collector's cluster.
import { misbehave } from "../../actor/misbehave.ts";
import type { Link } from "../../actor/thread-link.ts";
import type { OtlpLogPlan } from "../../config/plan/otlp.ts";
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";
import { RuntimeValues } from "../../config/plan/runtime.ts";
import type { TraceExporterPlan } from "../../config/plan/tracing.ts";
import type { LoggedLine } from "../../messages/log.ts";
import type { TracingOrder, TracingOutput } from "../../messages/tracing.ts";
import type { NetContext } from "../../net/net-context.ts";
import { batchCount, type ExportBatch } from "../../telemetry/line-batches.ts";
import { METRICS_EXPORT, METRICS_PREFIX } from "../../telemetry/metrics-export-stats.ts";
import { OTLP_LOG, OWN_LOG_PREFIX } from "../../telemetry/otlp-log-stats.ts";
import type { StatsNotice, StatsWriter } from "../../telemetry/stats-memory.ts";
import type { NoticeSource } from "../../telemetry/stats-reader.ts";
import { SpanAccount, TRACES, type TracerName, tracerPrefix, ZIPKIN } from "../../telemetry/trace-stats.ts";
import { LoadReader } from "../load/load-reader.ts";
import type { CollectorSurroundings } from "./collector.ts";
import type { TelemetryEnvironment } from "./environment.ts";
import { Exporters } from "./exporters.ts";
import { MetricsSinks } from "./metrics-sinks.ts";
import { linesRequest, recordsRequest } from "./otlp-logs.ts";
import { spansRequest } from "./otlp-spans.ts";
import type { OtlpOrigin } from "./otlp-writer.ts";
import { otelPace, steadyPace, zipkinPace } from "./pace.ts";
import { LOG_SLOTS, OTEL_SPAN_SLOTS, ZIPKIN_SPAN_SLOTS } from "./queue-slots.ts";
import { logResource, resourceOf } from "./resource.ts";
import { bytesOf, pieceOf, SPAN_PIECES, type SpanPiece } from "./span-pieces.ts";
import { zipkinRequest } from "./zipkin-spans.ts";

/** What the actor stands on. */
export interface TelemetryActorParts {
  readonly net: NetContext;
  readonly stats: StatsWriter;
  readonly link: Link<TracingOrder, TracingOutput>;
  readonly environment: TelemetryEnvironment;
  /** Where every thread counts, as `stats-told` says. */
  readonly counters: NoticeSource & { add(writer: string, notices: readonly StatsNotice[]): void };
  /** Called after the actor has ended. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runTelemetryActor(parts: TelemetryActorParts): void {
  const actor = new TelemetryActor(parts);
  parts.link.receive((message) => actor.receive(message));
  parts.link.send({ type: "started" });
}

class TelemetryActor {
  private readonly parts: TelemetryActorParts;
  private readonly endpoints: LoadReader = new LoadReader();
  private readonly runtime: RuntimeValues = new RuntimeValues();
  private readonly spans: Readonly<Record<TracerName, Exporters<TraceExporterPlan, SpanPiece>>>;
  private readonly records: Exporters<OtlpLogPlan, string>;
  private readonly ownLines: Exporters<OtlpTargetPlan, LoggedLine>;
  /** Made with the first plan. */
  private metrics: MetricsSinks | null = null;
  private plan: PlanAssigned | null = null;

  constructor(parts: TelemetryActorParts) {
    this.parts = parts;
    this.spans = { opentelemetry: this.otelExporters(), zipkin: this.zipkinExporters() };
    this.records = this.recordExporters();
    this.ownLines = this.lineExporters();
  }

  receive(message: TracingOrder): void {
    switch (message.type) {
      case "plan-assigned":
        this.plan = message;
        this.endpoints.assign(message.clusters);
        this.metrics ??= this.metricsSinks(message);
        this.metrics.assign(this.parts.environment.isDisabled ? [] : message.sinks);
        return;
      case "endpoints-changed":
        this.parts.link.send({ type: "endpoints-applied", missed: this.endpoints.applyEndpoints(message.updates) });
        return;
      case "runtime-changed":
        this.runtime.assign(message.entries);
        return;
      case "export-asked":
        this.take(message.batch);
        return;
      case "lines-logged":
        if (!this.parts.environment.isDisabled) this.ownLines.add(message.to, message.lines);
        this.parts.link.send({ type: "taken", statPrefix: OWN_LOG_PREFIX, count: message.lines.length });
        return;
      case "stats-told":
        this.parts.counters.add(message.writer, message.notices);
        return;
      case "metrics-due":
        this.metrics?.export(message.sink, () =>
          this.parts.link.send({ type: "metrics-exported", sink: message.sink }),
        );
        return;
      case "stop":
        this.stop();
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  }

  private take(batch: ExportBatch): void {
    const { environment, link, stats } = this.parts;
    const count = batchCount(batch);
    if (batch.what === "records") {
      if (!environment.isDisabled) this.records.add(batch.to, batch.lines.split("\n", count));
      link.send({ type: "taken", statPrefix: batch.to.statPrefix, count });
      return;
    }
    const { tracer } = batch.to;
    if (environment.isDisabled) new SpanAccount(stats, tracer).dropped(count);
    else this.spans[tracer].add(batch.to, [pieceOf(batch)]);
    link.send({ type: "taken", statPrefix: tracerPrefix(tracer), count });
  }

  private otelExporters(): Exporters<TraceExporterPlan, SpanPiece> {
    const { environment, stats } = this.parts;
    return new Exporters({
      ...this.surroundings(),
      ...environment.spans,
      what: "spans",
      pieces: SPAN_PIECES,
      headers: environment.headers.traces,
      targetOf: (plan) => plan,
      paceOf: () => otelPace(environment.spans, this.runtime),
      statsOf: () => stats.block(TRACES, tracerPrefix("opentelemetry")),
      at: OTEL_SPAN_SLOTS,
      encode: ({ serviceName }, spans) => spansRequest(this.origin(serviceName), bytesOf(spans)),
    });
  }

  private zipkinExporters(): Exporters<TraceExporterPlan, SpanPiece> {
    const { environment, stats } = this.parts;
    const block = (): Float64Array => stats.block(ZIPKIN, tracerPrefix("zipkin"));
    return new Exporters({
      ...this.surroundings(),
      ...environment.spans,
      what: "spans",
      pieces: SPAN_PIECES,
      headers: [],
      targetOf: (plan) => plan,
      paceOf: () => zipkinPace(this.runtime, block()),
      statsOf: block,
      at: ZIPKIN_SPAN_SLOTS,
      encode: ({ protocol }, spans) => zipkinRequest(protocol === "http_json", bytesOf(spans)),
    });
  }

  private recordExporters(): Exporters<OtlpLogPlan, string> {
    const { environment, stats } = this.parts;
    return new Exporters({
      ...this.surroundings(),
      ...environment.logs,
      what: "records of access logs",
      headers: environment.headers.logs,
      targetOf: ({ target }) => target,
      paceOf: ({ delayMs }) => steadyPace({ ...environment.logs, delayMs }),
      statsOf: ({ statPrefix }) => stats.block(OTLP_LOG, statPrefix),
      at: LOG_SLOTS,
      encode: (plan, lines) => {
        const { resource, version } = this.origin("");
        return recordsRequest({ resource: logResource(resource, this.known().node, plan), version }, plan, lines);
      },
    });
  }

  private lineExporters(): Exporters<OtlpTargetPlan, LoggedLine> {
    const { environment, stats } = this.parts;
    return new Exporters({
      ...this.surroundings(),
      ...environment.logs,
      what: "lines of the log",
      headers: environment.headers.logs,
      targetOf: (target) => target,
      paceOf: () => steadyPace(environment.logs),
      statsOf: () => stats.block(OTLP_LOG, OWN_LOG_PREFIX),
      at: LOG_SLOTS,
      encode: (_, lines) => linesRequest(this.origin(""), lines),
    });
  }

  private metricsSinks({ isAnew, sinceWallMs }: PlanAssigned): MetricsSinks {
    const { counters, environment, net, stats } = this.parts;
    return new MetricsSinks({
      ...this.surroundings(),
      ...{ isAnew, sinceWallMs },
      headers: environment.headers.metrics,
      source: counters,
      stats: stats.block(METRICS_EXPORT, METRICS_PREFIX),
      wallMs: () => net.clock.wallMs(),
      names: () => this.known().names,
      origin: () => this.origin(""),
    });
  }

  private surroundings(): CollectorSurroundings & { warn(text: string): void } {
    const { link, net } = this.parts;
    return {
      net,
      clusterOf: (name) => this.known().clusters.find((cluster) => cluster.name === name),
      endpointsOf: (cluster) => this.endpoints.endpointsOf(cluster),
      warn: (text) => link.send({ type: "log-written", line: { level: "warning", component: "tracing", text } }),
    };
  }

  /** Nothing is exported before the first plan. */
  private known(): PlanAssigned {
    if (this.plan === null) throw new Error("telemetry: no plan yet");
    return this.plan;
  }

  private origin(serviceName: string): OtlpOrigin {
    const plan = this.known();
    return { resource: resourceOf(plan, this.parts.environment, serviceName), version: plan.version };
  }

  private stop(): void {
    const { link } = this.parts;
    const { opentelemetry, zipkin } = this.spans;
    const all = [opentelemetry, zipkin, this.records, this.ownLines, ...(this.metrics === null ? [] : [this.metrics])];
    let open = all.length;
    for (const exporters of all)
      exporters.close(() => {
        if (--open > 0) return;
        link.send({ type: "stopped" });
        link.close();
        this.parts.onStopped();
      });
  }
}

type PlanAssigned = Extract<TracingOrder, { type: "plan-assigned" }>;
