// Metrics, access logs and the node's own log on their way to a collector that is there, then down, then slow, then back: requests are
// unharmed, and what is lost is counted to the last.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { anyText, attributesOf, list, type Message } from "../support/otlp-proto.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";

describe("a collector named by the environment and one of the file", function () {
  this.timeout(90_000);
  let sink: OtlpSink;
  let upstream: RecordingUpstream;
  let proxy: LiveProxy;
  let port: number;
  let adminPort: number;

  before(async () => {
    [sink, upstream] = [await OtlpSink.start(), await RecordingUpstream.start()];
    port = await freePort();
    adminPort = await freePort([port]);
    const access_log = [{ name: "otlp", typed_config: LOGGER }];
    const morePorts = { collector: sink.httpPort };
    const text = proxyFile({ port, adminPort, upstreamPort: upstream.port, manager: { access_log }, morePorts });
    proxy = LiveProxy.launch("starling", text, ["--service-cluster", "shop", "-l", "info"], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.httpPort}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
      OTEL_METRIC_EXPORT_INTERVAL: "300",
      OTEL_BLRP_SCHEDULE_DELAY: "100",
      OTEL_BLRP_MAX_QUEUE_SIZE: "40",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "20",
    });
    await proxy.live(adminPort);
  });

  after(async () => {
    await proxy?.stop();
    await upstream?.stop();
    sink?.stop();
  });

  it("gets the node's own log from its first line on", async () => {
    await eventually(() => Promise.resolve(lines().some(({ body }) => /starting workers/.test(body))));
    const [line] = lines().filter(({ body }) => /starting workers/.test(body));
    assert.deepEqual([line?.severity, line?.component, line?.service], ["info", "config", "shop"]);
    await eventually(() => lines().some(({ body }) => /^admin address: /.test(body)));
  });

  it("gets metrics and records of the same service", async () => {
    await ask(3);
    await eventually(() => Promise.resolve(records() === 3));
    await eventually(() => Promise.resolve(totals().at(-1) === 3));
    const [resource] = list(sink.metrics.at(-1)?.["resource_metrics"]);
    assert.equal(attributesOf(resource?.["resource"] as Message)["service.name"], "shop");
  });

  it("is down, then slow, then back: requests are answered, and every record was sent or is counted", async () => {
    sink.status = 503;
    await ask(60);
    await eventually(async () => (await stat("metrics.opentelemetry.exports_failed")) > 0);
    sink.status = 0;
    await ask(60);
    await eventually(async () => (await stat("metrics.opentelemetry.intervals_dropped")) > 0);
    sink.status = 200;
    await eventually(async () => (await stat(`${LOG}logs_written`)) + (await stat(`${LOG}logs_dropped`)) === 123);
    assert.ok((await stat(`${LOG}logs_dropped`)) > 0);
    assert.equal(records(), await stat(`${LOG}logs_written`));
    await eventually(() => Promise.resolve(totals().at(-1) === 123));
    await eventually(() => lines().some(({ body }) => /are not taken by their collector/.test(body)));
  });

  it("gets what there was at the end", async () => {
    await ask(1);
    await proxy.stop();
    assert.equal(totals().at(-1), 124);
  });

  async function ask(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      await answer.text();
      assert.equal(answer.status, 200);
    }
  }

  async function stat(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
    return Number(text.split(": ")[1] ?? 0);
  }

  function logRecords(): (Message & { readonly resource: Message })[] {
    return sink.logs.flatMap((one) =>
      list(one["resource_logs"]).flatMap((of) =>
        list(list(of["scope_logs"])[0]?.["log_records"]).map((record) => ({
          ...record,
          resource: of["resource"] as Message,
        })),
      ),
    );
  }

  function records(): number {
    return logRecords().filter((record) => attributesOf(record)["code"] === "200").length;
  }

  function lines(): readonly { body: string; severity: unknown; component: unknown; service: unknown }[] {
    return logRecords().map((record) => ({
      body: anyText(record["body"] as Message | undefined),
      severity: record["severity_text"],
      component: attributesOf(record)["component"],
      service: attributesOf(record.resource)["service.name"],
    }));
  }

  /** Requests so far, by each export of metrics that tells of them. */
  function totals(): number[] {
    return sink.metrics.flatMap((one) =>
      list(list(list(one["resource_metrics"])[0]?.["scope_metrics"])[0]?.["metrics"])
        .filter((metric) => metric["name"] === "cluster.upstream_rq_total")
        .map((metric) => Number(list((metric["sum"] as Message)["data_points"])[0]?.["as_int"])),
    );
  }
});

const LOG = "access_logs.open_telemetry_access_log.";
const LOGGER = {
  "@type": "type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
  http_service: { http_uri: { uri: "http://collector/v1/logs", cluster: "collector", timeout: "3s" } },
  attributes: { values: [{ key: "code", value: { string_value: "%RESPONSE_CODE%" } }] },
  buffer_flush_interval: "0.1s",
};
