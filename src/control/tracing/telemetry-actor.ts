// Runs the export of spans on the telemetry thread: one exporter for each target that spans name, each with a connection of its own to the
// collector's cluster.
import { misbehave } from "../../actor/misbehave.ts";
import type { Link } from "../../actor/thread-link.ts";
import { Timer } from "../../base/timer-wheel.ts";
import type { TraceExporterPlan } from "../../config/plan/tracing.ts";
import type { TracingOrder, TracingOutput } from "../../messages/tracing.ts";
import type { NetContext } from "../../net/net-context.ts";
import type { SpanBatch } from "../../telemetry/span-batches.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { TRACES } from "../../telemetry/trace-stats.ts";
import { chooseServer } from "../grpc/server-target.ts";
import { LoadReader } from "../load/load-reader.ts";
import { CollectorConnection } from "./collector-connection.ts";
import type { TraceEnvironment } from "./environment.ts";
import type { OnExported } from "./export-answer.ts";
import { otlpRequest } from "./otlp-spans.ts";
import { SpanExporter } from "./span-exporter.ts";

/** What the actor stands on. */
export interface TelemetryActorParts {
  readonly net: NetContext;
  readonly stats: StatsWriter;
  readonly link: Link<TracingOrder, TracingOutput>;
  readonly environment: TraceEnvironment;
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
  private readonly block: Float64Array;
  private readonly endpoints: LoadReader = new LoadReader();
  /** By their text: plans come as copies. */
  private readonly targets = new Map<string, Target>();
  private plan: Extract<TracingOrder, { type: "plan-assigned" }> | null = null;

  constructor(parts: TelemetryActorParts) {
    this.parts = parts;
    this.block = parts.stats.block(TRACES, "tracing.opentelemetry.");
  }

  receive(message: TracingOrder): void {
    switch (message.type) {
      case "plan-assigned":
        this.plan = message;
        this.endpoints.assign(message.clusters);
        return;
      case "endpoints-changed":
        this.parts.link.send({ type: "endpoints-applied", missed: this.endpoints.applyEndpoints(message.updates) });
        return;
      case "spans-ended":
        this.take(message.batch);
        return;
      case "stop":
        this.stop();
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  }

  private take({ exporter, count, lines }: SpanBatch): void {
    this.parts.link.send({ type: "spans-taken", count });
    if (!this.parts.environment.isDisabled) this.target(exporter).exporter.add(lines.split("\n").slice(0, count));
  }

  private target(plan: TraceExporterPlan): Target {
    const key = JSON.stringify(plan);
    let target = this.targets.get(key);
    if (target === undefined) {
      const { environment, link, net } = this.parts;
      const made: Target = {
        plan,
        connection: null,
        turn: 0,
        exporter: new SpanExporter({
          wheel: net.wheel,
          stats: this.block,
          queueSpansMax: environment.queueSpansMax,
          batchSpansMax: environment.batchSpansMax,
          delayMs: environment.delayMs,
          send: (lines, done) => this.send(made, lines, done),
          warn: (text) => link.send({ type: "log-written", line: { level: "warning", component: "tracing", text } }),
        }),
      };
      target = made;
      this.targets.set(key, made);
    }
    return target;
  }

  private send(target: Target, lines: readonly string[], done: OnExported): void {
    const connection = this.connect(target);
    if (connection === null) {
      done("again", `no endpoint in cluster ${target.plan.cluster}`);
      return;
    }
    const { version = "" } = this.plan ?? {};
    const timer = new Timer(() => connection.giveUp(`no answer within ${target.plan.timeoutMs} ms`));
    const { wheel } = this.parts.net;
    wheel.arm(timer, target.plan.timeoutMs);
    connection.send(otlpRequest(this.resourceOf(target.plan), version, lines), (result, text) => {
      wheel.remove(timer);
      done(result, text);
    });
  }

  private connect(target: Target): CollectorConnection | null {
    if (target.connection?.isUsable === true) return target.connection;
    target.connection?.close();
    target.connection = null;
    const cluster = this.plan?.clusters.find(({ name }) => name === target.plan.cluster);
    const endpoint = chooseServer(this.endpoints.endpointsOf(target.plan.cluster), () => 0, target.turn++);
    if (cluster === undefined || endpoint === null) return null;
    const { environment, net } = this.parts;
    target.connection = new CollectorConnection({
      net,
      cluster,
      endpoint,
      exporter: target.plan,
      headers: environment.headers,
    });
    return target.connection;
  }

  /** Whose spans they are, by OpenTelemetry's conventions for resources. */
  private resourceOf({ serviceName }: TraceExporterPlan): ReadonlyMap<string, string> {
    const { node, version = "" } = this.plan ?? {};
    const { environment } = this.parts;
    const resource = new Map(environment.resource);
    resource.set("service.name", serviceName || environment.serviceName || node?.cluster || "unknown_service:starling");
    if (node !== undefined && node.id !== "") {
      resource.set("node_id", node.id);
      if (!resource.has("service.instance.id")) resource.set("service.instance.id", node.id);
    }
    if (node !== undefined && node.zone !== "" && !resource.has("cloud.availability_zone"))
      resource.set("cloud.availability_zone", node.zone);
    resource.set("telemetry.sdk.name", "starling");
    resource.set("telemetry.sdk.language", "nodejs");
    resource.set("telemetry.sdk.version", version);
    return resource;
  }

  private stop(): void {
    const { link } = this.parts;
    let open = this.targets.size;
    const finish = (): void => {
      for (const { connection } of this.targets.values()) connection?.close();
      link.send({ type: "stopped" });
      link.close();
      this.parts.onStopped();
    };
    if (open === 0) finish();
    for (const { exporter } of this.targets.values())
      exporter.close(() => {
        if (--open === 0) finish();
      });
  }
}

interface Target {
  readonly plan: TraceExporterPlan;
  readonly exporter: SpanExporter;
  connection: CollectorConnection | null;
  turn: number;
}
