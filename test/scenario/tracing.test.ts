// A request over two proxies and a service, seen from a collector: one tree, whatever becomes of it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { OtlpSink, type SeenSpan } from "../support/otlp-sink.ts";
import { managerFilter } from "../support/proxy-file.ts";

describe("a traced request", () => {
  let sink: OtlpSink;
  let service: Server;
  let front: LiveProxy;
  let sidecar: LiveProxy;
  let port: number;
  let adminPort: number;
  const seen: Readonly<Record<string, unknown>>[] = [];

  before(async () => {
    sink = await OtlpSink.start();
    service = createServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(request.url === "/bad" ? 503 : 200).end("ok");
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const sidecarPort = await freePort();
    port = await freePort([sidecarPort]);
    const sidecarAdmin = await freePort([sidecarPort, port]);
    adminPort = await freePort([sidecarPort, port, sidecarAdmin]);
    const servicePort = (service.address() as { port: number }).port;
    const grpc = { grpc_service: { envoy_grpc: { cluster_name: "collector" } }, service_name: "side" };
    const uri = { uri: "http://collector/v1/traces", cluster: "collector", timeout: "1s" };
    sidecar = await LiveProxy.start(
      "starling",
      traced({ port: sidecarPort, admin: sidecarAdmin, to: servicePort, collector: sink.grpcPort, provider: grpc }),
      sidecarAdmin,
    );
    front = await LiveProxy.start(
      "starling",
      traced({
        ...{ port, admin: adminPort, to: sidecarPort, collector: sink.httpPort, isHttp: true, direction: "OUTBOUND" },
        provider: { http_service: { http_uri: uri } },
      }),
      adminPort,
      ["--service-cluster", "front", "--service-node", "front-1"],
    );
  });

  after(async () => {
    await Promise.all([front?.stop(), sidecar?.stop()]);
    service?.close().closeAllConnections();
    sink?.stop();
  });

  it("is one tree over both proxies, and the service is told of it; only then they have a thread for it", async () => {
    assert.ok(!threads(front.pid).includes("telemetry"));
    await ask("/a?b=c");
    const [outer, inner] = await tree(2);
    assert.ok(threads(front.pid).includes("telemetry"));
    assert.equal(outer.service, "front");
    assert.equal(inner.service, "side");
    assert.equal(outer.traceId, inner.traceId);
    assert.equal(outer.parentId, "");
    assert.equal(inner.parentId, outer.spanId);
    assert.equal(seen.at(-1)?.["traceparent"], `00-${inner.traceId}-${inner.spanId}-01`);
    assert.deepEqual([outer.name, outer.kind, inner.name, inner.kind], [`egress 127.0.0.1:${port}`, 3, "named", 2]);
    assert.ok(outer.startNs <= inner.startNs + 5_000_000n && outer.endNs > outer.startNs);
    const { attributes } = inner;
    assert.deepEqual(
      ["http.request.method", "url.path", "url.query", "http.response.status_code", "upstream_cluster", "kind-of"].map(
        (name) => attributes.get(name),
      ),
      ["GET", "/a", "b=c", "200", "up", "test"],
    );
    assert.equal(attributes.get("who"), "undici");
    assert.equal(attributes.get("not-there"), "nobody");
  });

  it("goes on with the client's trace, sampled or not as the client says", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await ask("/a", { traceparent: `00-${traceId}-b7ad6b7169203331-00` });
    assert.match(String(seen.at(-1)?.["traceparent"]), new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    await ask("/a", { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: "a=1" });
    const [outer] = await tree(2);
    assert.deepEqual([outer.traceId, outer.parentId], [traceId, "b7ad6b7169203331"]);
    assert.equal(seen.at(-1)?.["tracestate"], "a=1");
  });

  it("tells of failures and of what was tried again", async () => {
    await ask("/bad");
    const [outer, inner] = await tree(2);
    assert.ok(outer.isError && inner.isError);
    assert.equal(inner.attributes.get("error.type"), "URX");
    assert.equal(inner.attributes.get("http.request.resend_count"), "2");
    assert.deepEqual(inner.events, ["retry", "retry"]);
  });

  it("is counted with those that were not traced", async () => {
    const stats = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=tracing`)).text();
    // The collector has a span before the proxy has its answer.
    await eventually(async () => /^tracing\.opentelemetry\.spans_sent: 3$/m.test(await stats()));
    const text = await stats();
    assert.match(text, /^http\.main\.tracing\.random_sampling: 4$/m);
    assert.match(text, /^tracing\.opentelemetry\.spans_dropped: 0$/m);
    assert.match(text, /^tracing\.opentelemetry\.spans_made: 3$/m);
  });

  async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
  }

  /** The next so many spans, parents first. */
  async function tree(count: number): Promise<readonly [SeenSpan, SeenSpan]> {
    await sink.until(count);
    const spans = sink.spans.splice(0);
    assert.equal(spans.length, count);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const [outer] = spans.filter(({ parentId }) => !ids.has(parentId));
    const [inner] = spans.filter(({ parentId }) => ids.has(parentId));
    assert.ok(outer !== undefined && inner !== undefined);
    return [outer, inner];
  }
});

/** Names of a process's threads. */
function threads(pid: number): string[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).map((id) => {
    try {
      return readFileSync(`${folder}/${id}/comm`, "utf8").trim();
    } catch {
      return ""; // it has ended
    }
  });
}

interface TracedFile {
  readonly port: number;
  readonly admin: number;
  readonly to: number;
  readonly collector: number;
  readonly provider: unknown;
  readonly isHttp?: boolean;
  readonly direction?: string;
}

function traced({ port, admin, to, collector, provider, isHttp = false, direction = "INBOUND" }: TracedFile): string {
  const tracing = {
    provider: {
      name: "envoy.tracers.opentelemetry",
      typed_config: {
        "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
        ...(provider as object),
      },
    },
    custom_tags: [
      { tag: "kind-of", literal: { value: "test" } },
      { tag: "who", request_header: { name: "x-who", default_value: "undici" } },
      { tag: "not-there", request_header: { name: "x-not-there", default_value: "nobody" } },
    ],
  };
  const retry_policy = { retry_on: "5xx", num_retries: 2, retry_back_off: { base_interval: "0.001s" } };
  const route = {
    match: { prefix: "/" },
    route: { cluster: "up", ...(direction === "INBOUND" ? { retry_policy } : {}) },
    ...(direction === "INBOUND" ? { decorator: { operation: "named" } } : {}),
  };
  const route_config = { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] };
  return JSON.stringify({
    admin: { address: address(admin) },
    static_resources: {
      listeners: [
        {
          name: "main",
          traffic_direction: direction,
          address: address(port),
          filter_chains: [{ filters: [managerFilter({ route_config, tracing })] }],
        },
      ],
      clusters: [cluster("up", to, true), cluster("collector", collector, isHttp)],
    },
  });
}

function cluster(name: string, port: number, isHttp1: boolean): unknown {
  const options = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    name,
    type: "STATIC",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
    ...(isHttp1
      ? {}
      : { typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options } }),
  };
}

function address(port: number): unknown {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
