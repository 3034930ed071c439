// The spans of a service of the compose meshes: one for each request whose caller traces it, sent to an OpenTelemetry collector over
// OTLP/HTTP in JSON. What no collector takes is forgotten. Imports nothing of the proxy.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as post } from "./node-http.ts";

/** Spans of one service, by OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME; without an endpoint there are none. */
export class Spans {
  private readonly url: string;
  private readonly service: string;
  private waiting: unknown[] = [];
  /** Spans are sent a second after the first of them; after a failure none is taken for a while. */
  private restUntilMs = 0;

  /** `service`: its name unless the environment has one. */
  constructor(service: string) {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = "", OTEL_SERVICE_NAME: name = service } = process.env;
    this.url = endpoint === "" ? "" : `${endpoint.replace(/\/$/, "")}/v1/traces`;
    this.service = name;
  }

  /** Makes the span of a request that is traced, when its answer is sent. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const parent = PARENT.exec(String(request.headers["traceparent"] ?? ""));
    if (this.url === "" || parent === null || Date.now() < this.restUntilMs) return;
    const [, traceId, parentSpanId] = parent;
    const startTimeUnixNano = nowNs();
    response.on("finish", () => {
      const attributes = [
        { key: "http.request.method", value: { stringValue: request.method } },
        { key: "url.path", value: { stringValue: request.url } },
        { key: "http.response.status_code", value: { intValue: String(response.statusCode) } },
      ];
      const [spanId, name] = [randomBytes(8).toString("hex"), `${request.method} ${request.url}`];
      const times = { startTimeUnixNano, endTimeUnixNano: nowNs() };
      this.add({ traceId, spanId, parentSpanId, name, kind: SERVER, ...times, attributes });
    });
  }

  private add(span: unknown): void {
    if (this.waiting.length === 0) setTimeout(() => this.send(), SEND_MS).unref();
    if (this.waiting.length < WAITING_MAX) this.waiting.push(span);
  }

  private send(): void {
    const attributes = [{ key: "service.name", value: { stringValue: this.service } }];
    const scopeSpans = [{ scope: { name: "service" }, spans: this.waiting }];
    this.waiting = [];
    const headers = { "content-type": "application/json" };
    const failed = (): void => {
      this.restUntilMs = Date.now() + REST_MS;
    };
    const sent = post(this.url, { method: "POST", headers, timeout: REST_MS })
      .on("response", (response) => response.resume())
      .on("timeout", () => sent.destroy(new Error("no answer")))
      .on("error", failed);
    sent.end(JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] }));
  }
}

/** The clock of spans, in ns since 1970. */
function nowNs(): string {
  return `${Math.round((performance.timeOrigin + performance.now()) * 1_000)}000`;
}

/** W3C Trace Context: trace, span, and the flag that it is traced. */
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f][13579bdf]$/;
/** SPAN_KIND_SERVER */
const SERVER = 2;
const SEND_MS = 1_000;
const REST_MS = 10_000;
const WAITING_MAX = 512;
