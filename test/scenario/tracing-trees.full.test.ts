// A request over three proxies and a service, all of them processes, seen from a collector: one tree, also after a worker in the middle died.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { OtlpSink, type SeenSpan } from "../support/otlp-sink.ts";
import { otelTracer, proxyFile } from "../support/proxy-file.ts";

const MODULE = "type.googleapis.com/starling.filters.http.module.v1.Module";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
/** Its worker dies of what a callback of the module throws, before any timer can hand over the spans that it holds. */
const DEADLY = `import type { OpenFilter } from "starling";
export const open: OpenFilter = () => () => ({
  decodeHeaders(headers) {
    if (headers.get(":path") === "/die") queueMicrotask(() => { throw new Error("told to"); });
  },
});`;
const NAMES = ["front", "middle", "last"] as const;
const CLIENT = 3;
const SERVER = 2;

describe("the trees of three proxies", function () {
  this.timeout(60_000);
  let folder: string;
  let sink: OtlpSink;
  let service: Server;
  const proxies: LiveProxy[] = [];
  const ports: number[] = [];
  const adminPorts: number[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-trees-"));
    writeFileSync(join(folder, "deadly.ts"), DEADLY);
    sink = await OtlpSink.start();
    service = createServer((_, response) => response.end("ok"));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    for (const _ of NAMES) ports.push(await freePort(ports));
    for (const _ of NAMES) adminPorts.push(await freePort([...ports, ...adminPorts]));
    const last = (service.address() as { port: number }).port;
    for (const [i, name] of NAMES.entries()) {
      const [port, adminPort] = [ports[i] as number, adminPorts[i] as number];
      const upstreamPort = ports[i + 1] ?? last;
      const file = fileOf(name, { port, adminPort, upstreamPort, folder, collector: sink.httpPort });
      proxies.push(await LiveProxy.start("starling", file, adminPort, ["--concurrency", "2"]));
    }
  });

  after(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    service?.close().closeAllConnections();
    sink?.stop();
    rmSync(folder, { recursive: true });
  });

  it("are whole: each proxy's span is the child of the one before it, with the right kind", async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask("/a")));
    assertTrees(await tracesOf(20));
  });

  it("are whole for later requests when a worker died, and what it held is counted", async () => {
    const before = await counters(1);
    await onOneConnection(ports[1] as number, ["/x", "/x", "/x", "/x", "/x", "/x", "/x", "/x", "/die"]);
    await eventually(async () => (await counters(1)).dropped > before.dropped);
    await eventually(() => isLive(1));
    sink.spans.length = 0;
    await Promise.all(Array.from({ length: 30 }, () => ask("/b")));
    const traces = await tracesOf(30, "/b");
    assertTrees(traces);
  });

  it("lose no span without counting it", async () => {
    for (const i of NAMES.keys()) {
      // A batch between two threads is in nobody's queue.
      await eventually(async () => {
        const { dropped, made, queued, sent } = await counters(i);
        return queued === 0 && made === sent + dropped;
      });
    }
    assert.equal((await counters(0)).dropped, 0);
    assert.equal((await counters(2)).dropped, 0);
  });

  async function ask(path: string): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${ports[0]}${path}`);
    await answer.text();
    assert.equal(answer.status, 200);
  }

  async function admin(i: number, path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${adminPorts[i]}${path}`)).text();
  }

  async function isLive(i: number): Promise<boolean> {
    return (await admin(i, "/ready")).startsWith("LIVE");
  }

  async function counters(i: number): Promise<Readonly<Record<"made" | "sent" | "dropped" | "queued", number>>> {
    const text = await admin(i, "/stats?filter=tracing.opentelemetry.spans");
    const of = (name: string): number => Number(new RegExp(`spans_${name}: (\\d+)`).exec(text)?.[1]);
    return { made: of("made"), sent: of("sent"), dropped: of("dropped"), queued: of("queued") };
  }

  /** The spans of so many requests by trace, each from the front to the last. */
  async function tracesOf(count: number, path: string = "/a"): Promise<readonly (readonly SeenSpan[])[]> {
    const own = (): SeenSpan[] => sink.spans.filter(({ attributes }) => attributes.get("url.path") === path);
    await eventually(() => own().length >= 3 * count);
    const traces = Map.groupBy(own(), ({ traceId }) => traceId);
    assert.equal(traces.size, count);
    const order = (span: SeenSpan): number => NAMES.indexOf(span.service as (typeof NAMES)[number]);
    return [...traces.values()].map((spans) => spans.sort((a, b) => order(a) - order(b)));
  }
});

function assertTrees(traces: readonly (readonly SeenSpan[])[]): void {
  for (const spans of traces) {
    const [front, middle, last] = spans;
    assert.deepEqual(
      spans.map(({ service, kind }) => [service, kind]),
      [
        ["front", CLIENT],
        ["middle", SERVER],
        ["last", SERVER],
      ],
    );
    assert.deepEqual(
      spans.map(({ parentId }) => parentId),
      ["", front?.spanId, middle?.spanId],
    );
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 3);
    assert.equal(last?.attributes.get("http.response.status_code"), "200");
  }
}

interface HopFile {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly folder: string;
  readonly collector: number;
}

function fileOf(name: (typeof NAMES)[number], { folder, collector, ...ports }: HopFile): string {
  const deadly = { name: "deadly", typed_config: { "@type": MODULE, file: join(folder, "deadly.ts") } };
  const router = { name: "router", typed_config: { "@type": ROUTER } };
  const manager = {
    tracing: { provider: otelTracer({ service_name: name }, "10s") },
    http_filters: name === "middle" ? [deadly, router] : [router],
  };
  const file = JSON.parse(proxyFile({ ...ports, manager, morePorts: { collector } }));
  file.static_resources.listeners[0].traffic_direction = name === "front" ? "OUTBOUND" : "INBOUND";
  return JSON.stringify(file);
}

/** Sends these one behind the other on one connection, and waits for its end. */
function onOneConnection(port: number, paths: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => resolve());
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
  });
}
