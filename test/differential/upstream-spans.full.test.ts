// Spans of attempts (spawn_upstream_span), names by operation and upstream_operation, and kinds by direction, beside the real Envoy.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { OtlpSink, type SeenSpan } from "../support/otlp-sink.ts";
import { otelTracer, proxyFile } from "../support/proxy-file.ts";

interface Setting {
  readonly direction: string;
  readonly tracing: object;
  /** More fields of the route. */
  readonly route?: object;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  "of a server": { direction: "INBOUND", tracing: {} },
  "of a client": { direction: "OUTBOUND", tracing: {} },
  "of attempts": { direction: "INBOUND", tracing: { spawn_upstream_span: true } },
  "of attempts of a client": { direction: "OUTBOUND", tracing: { spawn_upstream_span: true } },
  "with a name beside a decorator": {
    direction: "INBOUND",
    tracing: { operation: "%REQ(:METHOD)%" },
    route: { decorator: { operation: "decorated" } },
  },
  "with names of the route": {
    direction: "OUTBOUND",
    tracing: { spawn_upstream_span: true, operation: "all", upstream_operation: "all up" },
    route: { tracing: { operation: "own %REQ(X-NOT-THERE)%", upstream_operation: "own up" } },
  },
  "with names": {
    direction: "INBOUND",
    tracing: {
      ...{ spawn_upstream_span: true, operation: "%REQ(:METHOD)% %RESPONSE_CODE%" },
      upstream_operation: "to %REQ(:PATH)% %UPSTREAM_CLUSTER%",
    },
  },
};

for (const [title, setting] of Object.entries(SETTINGS)) {
  describe(`spans ${title}, the real Envoy beside Starling`, function () {
    this.timeout(60_000);

    before(function () {
      if (!envoyInstalled()) this.skip();
    });

    it("hang together alike, with the same names and kinds", async () => {
      const theirs = await spansOf("envoy", setting);
      assert.ok(theirs.length > 0);
      assert.deepEqual(await spansOf("starling", setting), theirs);
    });
  });
}

/** The spans of a request, of one that was tried three times, and of one that was answered here. */
async function spansOf(program: Program, { direction, tracing, route = {} }: Setting): Promise<readonly string[]> {
  const told: string[] = [];
  const service = createServer((request, response) => {
    told.push(String(request.headers["traceparent"]).slice(36, 52));
    response.writeHead(request.url === "/bad" ? 503 : 200).end("ok");
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const sink = await OtlpSink.start();
  const port = await freePort();
  const adminPort = await freePort([port]);
  const upstreamPort = (service.address() as { port: number }).port;
  const retry_policy = { retry_on: "5xx", num_retries: 2, retry_back_off: { base_interval: "0.001s" } };
  const options = {
    port,
    adminPort,
    upstreamPort,
    manager: { tracing: { provider: otelTracer({ service_name: "proxy" }), ...tracing } },
  };
  const file = JSON.parse(proxyFile({ ...options, route: { retry_policy }, morePorts: { collector: sink.httpPort } }));
  const [listener] = file.static_resources.listeners;
  listener.traffic_direction = direction;
  Object.assign(listener.filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0], route);
  const keys = { "tracing.opentelemetry.flush_interval_ms": 100 };
  file.layered_runtime = { layers: [{ name: "s", static_layer: keys }] };
  const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
  try {
    const all: string[] = [];
    for (const path of ["/a", "/bad"]) {
      await (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { host: "a" } })).text();
      // Children come first, or in another batch: all are there when those are that the service was told of.
      const isThere = (id: string): boolean => sink.spans.some(({ spanId }) => spanId === id);
      await eventually(() => rootOf(sink.spans) !== undefined && told.every(isThere));
      await new Promise((resolve) => setTimeout(resolve, 500)); // and no others
      all.push(...treeOf(sink.spans.splice(0), told.splice(0), port));
    }
    return all;
  } finally {
    await proxy.stop();
    service.close().closeAllConnections();
    sink.stop();
  }
}

function rootOf(spans: readonly SeenSpan[]): SeenSpan | undefined {
  return spans.find(({ parentId }) => parentId === "");
}

function treeOf(spans: readonly SeenSpan[], told: readonly string[], port: number): readonly string[] {
  const root = rootOf(spans);
  return spans
    .map(({ attributes, isError, kind, name, parentId, spanId }) => {
      const status = attributes.get("http.response.status_code") ?? attributes.get("http.status_code");
      const under = parentId === "" ? "root" : parentId === root?.spanId ? "below it" : "elsewhere";
      const at = told.indexOf(spanId);
      return `${name.replace(String(port), "port")} ${kind} ${under} told ${at} ${status} ${isError}`;
    })
    .sort();
}
