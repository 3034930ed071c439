// Which requests are traced, what the upstream is told and how spans hang together, beside the real Envoy with OpenTelemetry's tracer.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { otelTracer, proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const id = (digit: string): string => `x-request-id: 00000001-0000-${digit}000-8000-000000000000\r\n`;

const REQUESTS: Readonly<Record<string, string>> = {
  "a new trace": "",
  "a sampled parent": `traceparent: 00-${TRACE}-${PARENT}-01\r\n`,
  "a parent that is not sampled": `traceparent: 00-${TRACE}-${PARENT}-00\r\n`,
  "a parent with a state": `traceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: a=1,b=2\r\n`,
  "a parent of another version": `traceparent: cc-${TRACE}-${PARENT}-01\r\n`,
  "a parent that is none": "traceparent: 00-1-2-01\r\n",
  "a parent of zeros": `traceparent: 00-${"0".repeat(32)}-${PARENT}-01\r\n`,
  "an id of its own": id("4"),
  "an id that says sampled": id("9"),
  "an id that says forced": id("a"),
  "an id that the client had traced": id("b"),
  "a client's wish": `${id("4")}x-client-trace-id: me\r\n`,
  "a service's wish": `${id("4")}x-envoy-force-trace: 1\r\n`,
  "an id that is none": "x-request-id: zz\r\n",
};

for (const [title, tracing] of [
  ["all", {}],
  ["none by chance", { random_sampling: { value: 0 } }],
  ["none at all", { overall_sampling: { value: 0 } }],
  ["none by a client's wish", { client_sampling: { value: 0 }, random_sampling: { value: 0 } }],
] as const) {
  describe(`tracing ${title}, the real Envoy beside Starling`, function () {
    this.timeout(60_000);
    let told: readonly (readonly string[])[] = [];

    before(async function () {
      if (!envoyInstalled()) this.skip();
      told = [await toldBy("envoy", tracing), await toldBy("starling", tracing)];
    });

    after(() => {
      told = [];
    });

    for (const [i, of] of Object.keys(REQUESTS).entries()) {
      it(`does alike with ${of}`, () => {
        const [theirs, ours] = told.map((texts) => texts[i]);
        assert.equal(typeof theirs, "string");
        assert.equal(ours, theirs);
      });
    }

    it("counts alike", () => assert.equal(told[1]?.at(-1), told[0]?.at(-1)));
  });
}

/** For each request what the upstream was told and the span that came of it; last the counters. */
async function toldBy(program: Program, tracing: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const [upstream, sink] = [await RecordingUpstream.start(), await OtlpSink.start()];
  const port = await freePort();
  const adminPort = await freePort([port]);
  const manager = {
    tracing: { provider: otelTracer({ service_name: "proxy" }), ...tracing },
    use_remote_address: false,
  };
  const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort: upstream.port, manager }));
  const [echo] = file.static_resources.clusters;
  file.static_resources.clusters.push(
    JSON.parse(JSON.stringify({ ...echo, name: "collector" }).replaceAll(String(upstream.port), String(sink.httpPort))),
  );
  const runtime = { layers: [{ name: "s", static_layer: { "tracing.opentelemetry.flush_interval_ms": FLUSH_MS } }] };
  const proxy = await LiveProxy.start(program, JSON.stringify({ ...file, layered_runtime: runtime }), adminPort);
  try {
    const answers: string[] = [];
    for (const [title, fields] of Object.entries(REQUESTS)) {
      await exchange(
        port,
        `GET /${title.replaceAll(" ", "-")} HTTP/1.1\r\nhost: a\r\n${fields}connection: close\r\n\r\n`,
      );
      answers.push(headOf(upstream.requests.at(-1)?.lines ?? [], fields));
    }
    const counters = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=http.main.tracing`)).text();
    // Each has a span that the upstream was told is sampled.
    await sink.until(answers.filter((head) => /^traceparent: .*-new-01$/m.test(head)).length);
    await new Promise((resolve) => setTimeout(resolve, 5 * FLUSH_MS)); // and no others
    const spans = sink.spans.map(({ attributes, kind, name, parentId, traceId }) => {
      const path = attributes.get("url.path") ?? new URL(attributes.get("http.url") ?? "").pathname;
      return `${path} ${name} ${kind} ${traceId === TRACE ? "given" : "new"} under ${parentId === "" ? "none" : parentId}`;
    });
    return [...answers, `${counters}${spans.sort().join("\n")}`];
  } finally {
    await proxy.stop();
    await upstream.stop();
    sink.stop();
  }
}

/** Fields of tracing, with ids that were made masked. */
function headOf(lines: readonly string[], given: string): string {
  return (
    lines
      // Envoy adds a tracestate without a value, which we spare the upstream (deviations.ts).
      .filter((line) => /^(traceparent|tracestate|x-request-id|x-client-trace-id): ./i.test(line))
      .map((line) =>
        line
          .replace(/^(traceparent: \w\w-)(\w{32})-(\w{16})-/, (whole, head, trace, span) =>
            given.includes(span) ? whole : `${head}${trace === TRACE ? trace : "new"}-new-`,
          )
          .replace(/^(x-request-id: )(?!0{7}1|zz)\w{8}-\w{4}-(\w)\w{3}-\w{4}-\w{12}/, "$1new $2"),
      )
      .sort()
      .join("\n")
  );
}

const FLUSH_MS = 100;
