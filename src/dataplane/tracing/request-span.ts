// The span of one request, and those of its attempts where the configuration asks for them (spawn_upstream_span). Made by a tracer; written
// when what they tell of is over.
import type { Random } from "../../base/random.ts";
import { unicodeOf } from "../../base/wire-text.ts";
import type { RouteTracingPlan, SpanNamesPlan, TraceTagPlan, TracingPlan } from "../../config/plan/tracing.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { formatText } from "../../telemetry/format.ts";
import type { OpenBatch } from "../../telemetry/span-batches.ts";
import { type SpanIds, spanIdText, traceIdText } from "../../telemetry/span-ids.ts";
import { type SpanEvent, SpanKey, type SpanWriter } from "../../telemetry/span-writer.ts";
import type { Propagation } from "./propagation.ts";
import {
  type OriginalPlaces,
  type SpanWords,
  statusOf,
  type TracedCluster,
  type TracedRequest,
} from "./traced-request.ts";

/** The span of one request that is exported. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** An attempt goes to this cluster; `head`: what is sent. */
  beginAttempt(cluster: TracedCluster, head: HeaderList): void;
  /** The attempt failed and another one follows. `status`: 0 without an answer. */
  endAttempt(status: number, flag: string): void;
  /** The request is over. `nowMs`: monotonic. */
  end(nowMs: number): void;
}

/** A custom tag, its key made. */
export interface CustomTag extends TraceTagPlan {
  readonly key: SpanKey;
}

/** What all spans of a tracer have in common. */
export interface SpanParts {
  readonly plan: TracingPlan;
  readonly random: Random;
  readonly propagation: Propagation;
  readonly batch: OpenBatch;
  readonly writer: SpanWriter;
  readonly words: SpanWords;
  readonly kind: "server" | "client";
  readonly tags: readonly CustomTag[];
  /** What spans of requests say of the node. */
  readonly origin: readonly (readonly [SpanKey, string])[];
}

/** A new span below this one. */
export function childOf(ids: SpanIds, random: Random): SpanIds {
  return { ...ids, spanA: random.next32() | 0, spanB: random.next32() | 1, parentA: ids.spanA, parentB: ids.spanB };
}

/** Tags with their keys. */
export function customTags(tags: readonly TraceTagPlan[]): readonly CustomTag[] {
  return tags.map((tag) => ({ ...tag, key: new SpanKey(tag.name) }));
}

/** Implements Span. */
export class RequestSpan implements Span {
  readonly ids: SpanIds;
  private readonly parts: SpanParts;
  private readonly request: TracedRequest;
  private readonly name: string;
  private readonly route: RouteTracingPlan | null;
  private readonly original: OriginalPlaces;
  private attempt: Attempt | null = null;
  private events: SpanEvent[] | null = null;
  private attempts = 0;

  constructor(parts: SpanParts, request: TracedRequest, ids: SpanIds, name: string, route: RouteTracingPlan | null) {
    this.parts = parts;
    this.request = request;
    this.ids = ids;
    this.name = name;
    this.route = route;
    this.original = placesOf(request.request);
  }

  get traceId(): string {
    return traceIdText(this.ids, this.parts.plan.zipkin !== null);
  }

  get spanId(): string {
    return spanIdText(this.ids);
  }

  beginAttempt(cluster: TracedCluster, head: HeaderList): void {
    const { attempts, ids, parts } = this;
    this.attempts++;
    if (attempts > 0) {
      this.events ??= [];
      this.events.push({ name: "retry", offsetUs: this.sinceStartUs(), attribute: RESENT, value: String(attempts) });
    }
    if (!parts.plan.spawnsUpstream) return;
    const own = childOf(ids, parts.random);
    this.attempt = { ids: own, cluster, number: attempts + 1, sinceUs: this.sinceStartUs() };
    if (!parts.plan.isSilent) parts.propagation.write(head, own, true);
  }

  endAttempt(status: number, flag: string): void {
    const { attempt, parts, request } = this;
    if (attempt === null) return;
    this.attempt = null;
    const { cluster, ids, number, sinceUs } = attempt;
    const { batch, words, writer } = parts;
    writer.begin(batch.to, {
      kind: "client",
      ids,
      name: this.formatted("attempt") ?? `router ${cluster.plan.statName} egress`,
      traceState: this.traceState(),
      startUs: this.startUs() + sinceUs,
      durationUs: Math.max(0, this.sinceStartUs() - sinceUs),
      isError: status === 0 || status >= 400,
    });
    const { call } = request.router;
    words.attempt(writer, { cluster, call, number, status, flags: flag }, request);
    this.writeTags();
    writer.end();
    batch.added();
  }

  end(nowMs: number): void {
    const { parts, request } = this;
    const { batch, kind, plan, words, writer } = parts;
    const status = statusOf(request);
    this.endAttempt(status, request.flags);
    writer.begin(batch.to, {
      kind,
      ids: this.ids,
      name: this.formatted("request") ?? this.name,
      traceState: this.traceState(),
      startUs: this.startUs(),
      durationUs: this.sinceStartUs(nowMs),
      isError: status === 0 || status >= (kind === "client" ? 400 : 500) || failsGrpc(request),
    });
    words.request(writer, request, this.original, plan.pathLengthMax);
    for (const [key, value] of parts.origin) writer.text(key, value);
    this.writeTags();
    if (this.events !== null) for (const event of this.events) writer.event(event);
    writer.end();
    batch.added();
  }

  private writeTags(): void {
    const { tags, writer } = this.parts;
    for (const tag of tags) this.writeTag(writer, tag, tag.key);
    for (const tag of this.route?.tags ?? NO_TAGS) this.writeTag(writer, tag, new SpanKey(tag.name));
  }

  private writeTag(writer: SpanWriter, { parts, otherwise }: TraceTagPlan, key: SpanKey): void {
    const text = formatText(parts, this.request, "") || (otherwise ?? "");
    if (text !== "") writer.text(key, unicodeOf(text));
  }

  private formatted(which: keyof SpanNamesPlan): string | undefined {
    const parts = this.route?.names[which] ?? this.parts.plan.names[which];
    return parts === null ? undefined : unicodeOf(formatText(parts, this.request, ""));
  }

  private traceState(): string {
    return this.request.request?.value(H.TRACESTATE) ?? "";
  }

  private startUs(): number {
    return Math.round(this.request.startWallMs * 1000);
  }

  private sinceStartUs(nowMs: number = this.request.nowMs()): number {
    return Math.max(0, Math.round((nowMs - this.request.startMs) * 1000));
  }
}

/** An attempt that is under way. */
interface Attempt {
  readonly ids: SpanIds;
  readonly cluster: TracedCluster;
  readonly number: number;
  /** Since the request's start. */
  readonly sinceUs: number;
}

function placesOf(head: HeaderList | null): OriginalPlaces {
  const path = head === null ? -1 : head.find(H.PSEUDO_PATH);
  const authority = head === null ? -1 : head.find(H.PSEUDO_AUTHORITY);
  return {
    pathStart: head === null || path < 0 ? 0 : head.valueStart(path),
    pathEnd: head === null || path < 0 ? 0 : head.valueEnd(path),
    authorityStart: head === null || authority < 0 ? 0 : head.valueStart(authority),
    authorityEnd: head === null || authority < 0 ? 0 : head.valueEnd(authority),
  };
}

function failsGrpc({ isGrpc, response }: TracedRequest): boolean {
  return isGrpc && (response.grpcStatus ?? "0") !== "0";
}

const NO_TAGS: readonly TraceTagPlan[] = [];
const RESENT = "http.request.resend_count";
