// What the upstream is told, which requests have spans and what is in them with Zipkin's tracer, beside the real Envoy.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { ZipkinSink, type ZipkinSpan } from "../support/zipkin-sink.ts";

const LONG = "0af7651916cd43dd8448eb211c80319c";
const SHORT = "8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = "00f067aa0ba902b7";
const several = (trace: string, more: string = ""): string =>
  `x-b3-traceid: ${trace}\r\nx-b3-spanid: ${SPAN}\r\n${more}`;

const REQUESTS: Readonly<Record<string, string>> = {
  "a new trace": "",
  "several fields": several(LONG, "x-b3-sampled: 1\r\n"),
  "a short trace": several(SHORT, "x-b3-sampled: 1\r\n"),
  "a parent": several(LONG, `x-b3-sampled: 1\r\nx-b3-parentspanid: ${PARENT}\r\n`),
  "several fields and no decision": several(LONG),
  "several fields that are not sampled": several(LONG, "x-b3-sampled: 0\r\n"),
  "the word true": several(LONG, "x-b3-sampled: true\r\n"),
  "a decision alone": "x-b3-sampled: 1\r\n",
  "a decision against it alone": "x-b3-sampled: 0\r\n",
  "a debug flag": several(LONG, "x-b3-flags: 1\r\n"),
  "a span that is none": `x-b3-traceid: ${LONG}\r\nx-b3-spanid: zz\r\n`,
  "a trace alone": `x-b3-traceid: ${LONG}\r\n`,
  "one field": `b3: ${LONG}-${SPAN}-1\r\n`,
  "one field with a parent": `b3: ${SHORT}-${SPAN}-d-${PARENT}\r\n`,
  "one field without a decision": `b3: ${LONG}-${SPAN}\r\n`,
  "one field that is not sampled": `b3: ${LONG}-${SPAN}-0\r\n`,
  "one field with a decision alone": "b3: 1\r\n",
  "one field against it": "b3: 0\r\n",
  "one field that is none": "b3: zz\r\n",
  "one field cut short": `b3: ${LONG}-${SPAN}-\r\n`,
  "W3C's field": `traceparent: 00-${LONG}-${SPAN}-01\r\n`,
  "W3C's field, not sampled": `traceparent: 00-${LONG}-${SPAN}-00\r\n`,
  "W3C's field beside B3": `traceparent: 00-${"1".repeat(32)}-${"2".repeat(16)}-01\r\n${several(LONG, "x-b3-sampled: 1\r\n")}`,
};

interface Setting {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tracing?: Readonly<Record<string, unknown>>;
  readonly direction?: string;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  "as it is": {},
  "of 128 bits": { config: { trace_id_128bit: true } },
  "with spans of its own": { config: { shared_span_context: false } },
  "as a client": { direction: "OUTBOUND" },
  "with W3C's fields": { config: { trace_context_option: "USE_B3_WITH_W3C_PROPAGATION" } },
  "in protobuf": { config: { collector_endpoint_version: "HTTP_PROTO" } },
  "with a span for the upstream": { tracing: { spawn_upstream_span: true } },
  "with a span for the upstream as a client": { tracing: { spawn_upstream_span: true }, direction: "OUTBOUND" },
  split: { config: { split_spans_for_request: true } },
  "none by chance": { tracing: { random_sampling: { value: 0 } } },
  "with tags": { tracing: { custom_tags: [{ tag: "own", literal: { value: "x" } }], max_path_tag_length: 4 } },
};

for (const [title, setting] of Object.entries(SETTINGS)) {
  describe(`Zipkin's tracer ${title}, the real Envoy beside Starling`, function () {
    this.timeout(90_000);
    let told: readonly Told[] = [];

    before(async function () {
      if (!envoyInstalled()) this.skip();
      told = [await toldBy("envoy", setting), await toldBy("starling", setting)];
    });

    after(() => {
      told = [];
    });

    for (const [i, of] of Object.keys(REQUESTS).entries()) {
      it(`tells the upstream alike of ${of}`, () => {
        const [theirs, ours] = told.map(({ heads }) => heads[i]);
        assert.equal(typeof theirs, "string");
        assert.equal(ours, theirs);
      });
    }

    it("has the same spans", () => {
      assert.notEqual(told[0]?.spans.length, 0);
      assert.deepEqual(told[1]?.spans, told[0]?.spans);
    });

    it("sends them alike", () => {
      assert.deepEqual(told[1]?.head, told[0]?.head);
      assert.deepEqual(told[1]?.counters, told[0]?.counters);
    });
  });
}

interface Told {
  /** For each request what the upstream was told, ids that were made masked. */
  readonly heads: readonly string[];
  readonly spans: readonly string[];
  /** Of an export. */
  readonly head: readonly unknown[];
  readonly counters: readonly string[];
}

async function toldBy(program: Program, { config = {}, tracing = {}, direction = "INBOUND" }: Setting): Promise<Told> {
  const [upstream, sink] = [await RecordingUpstream.start(), await ZipkinSink.start()];
  const port = await freePort();
  const adminPort = await freePort([port]);
  const manager = { tracing: { provider: providerOf(config), ...tracing }, use_remote_address: false };
  const options = { port, adminPort, upstreamPort: upstream.port, manager, morePorts: { collector: sink.port } };
  const file = JSON.parse(proxyFile(options));
  file.static_resources.listeners[0].traffic_direction = direction;
  const keys = { "tracing.zipkin.flush_interval_ms": FLUSH_MS, "tracing.zipkin.min_flush_spans": 1000 };
  const layered_runtime = { layers: [{ name: "s", static_layer: keys }] };
  const node = ["--service-cluster", "own", "--service-node", "node-1"];
  const proxy = await LiveProxy.start(program, JSON.stringify({ ...file, layered_runtime }), adminPort, node);
  try {
    const heads: string[] = [];
    for (const [title, fields] of Object.entries(REQUESTS)) {
      const target = `/${title.replaceAll(/[ ,']/g, "-")}`;
      await exchange(port, `GET ${target} HTTP/1.1\r\nhost: a\r\n${fields}connection: close\r\n\r\n`);
      heads.push(headOf(upstream.requests.at(-1)?.lines ?? [], fields));
    }
    // Spans go out in the order in which they ended, the last request's own is the last one; what came too often would be a flush later.
    const last = /^x-request-id: (\S+)$/im.exec(upstream.requests.at(-1)?.lines.join("\n") ?? "")?.[1] ?? "";
    await eventually(() => sink.spans.some(({ tags }) => tags?.["guid:x-request-id"] === last));
    await new Promise((resolve) => setTimeout(resolve, 2 * FLUSH_MS));
    // They count when the collector has taken them: its answer is still on its way when it has them.
    let counters: readonly string[] = [];
    await eventually(async () => {
      const stats = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=tracing`)).text();
      counters = stats.split("\n").filter((line) => /^(http\.main\.tracing|tracing\.zipkin\.spans_sent)/.test(line));
      return counters.includes(`tracing.zipkin.spans_sent: ${sink.spans.length}`);
    });
    const [head] = sink.heads;
    // A case of deviations.ts: Envoy writes bytes of these ids in the order of its machine.
    const isTurned = program === "envoy" && config["collector_endpoint_version"] === "HTTP_PROTO";
    return {
      heads,
      spans: sink.spans.map((span) => spanOf(isTurned ? { ...span, ...turned(span) } : span)).sort(),
      head: [head?.path, head?.host, head?.["content-type"]],
      counters,
    };
  } finally {
    await proxy.stop();
    await upstream.stop();
    sink.stop();
  }
}

function turned({ id, parentId }: ZipkinSpan): Pick<ZipkinSpan, "id" | "parentId"> {
  const turn = (text: string): string => Buffer.from(text, "hex").reverse().toString("hex");
  return { id: turn(id), ...(parentId === undefined ? {} : { parentId: turn(parentId) }) };
}

function providerOf(config: Readonly<Record<string, unknown>>): unknown {
  return {
    name: "envoy.tracers.zipkin",
    typed_config: {
      "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
      ...{ collector_cluster: "collector", collector_endpoint: "/api/v2/spans", collector_hostname: "zipkin.example" },
      collector_endpoint_version: "HTTP_JSON",
      ...config,
    },
  };
}

function headOf(lines: readonly string[], given: string): string {
  return lines
    .filter((line) => /^(b3|x-b3-\w+|traceparent|tracestate): ./i.test(line))
    .map((line) => masked(line.toLowerCase(), given))
    .sort()
    .join("\n");
}

/** Ids that nobody gave are new. */
function masked(text: string, given: string): string {
  return text.replaceAll(/\b([0-9a-f]{32}|[0-9a-f]{16})\b/g, (id) => (given.includes(id) ? id : `new${id.length}`));
}

function spanOf(span: ZipkinSpan): string {
  const { annotations, duration, id, kind, localEndpoint, name, parentId, shared, tags, timestamp, traceId } = span;
  const known = Object.values(REQUESTS).join();
  const own = Object.entries(tags ?? {})
    .filter(([key]) => !MASKED.has(key))
    .map(([key, value]) => `${key}=${value.replaceAll(/\d{5}/g, "port")}`)
    .sort();
  const facts = [tags?.["http.url"], kind, name, shared === true ? "shared" : "", localEndpoint?.["serviceName"]];
  const ids = [traceId, id, parentId ?? "no parent"].map((text) => masked(text, known));
  const times = [typeof timestamp, typeof duration, (annotations ?? []).map(({ value }) => value).join()];
  return [...facts, ...ids, ...times, ...own].join(" | ");
}

const FLUSH_MS = 200;

/** They differ from run to run. */
const MASKED: ReadonlySet<string> = new Set(["guid:x-request-id"]);
