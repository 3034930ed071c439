// The OTEL_* variables that name a collector for metrics and for the node's own log.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";

describe("a collector of the environment", () => {
  it("is none where no variable names one", () => {
    const { plan, warnings } = load({ OTEL_METRIC_EXPORT_INTERVAL: "1000" });
    assert.deepEqual([plan?.metricsSinks, plan?.ownLog, plan?.clusters, warnings], [[], null, [], []]);
  });

  it("is a cluster of the variable's name, with paths of metrics and logs below its own", () => {
    const { plan } = load({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318/base/", OTEL_EXPORTER_OTLP_TIMEOUT: "7" });
    const target = { protocol: "http", cluster: COMMON, authority: "otel:4318", timeoutMs: 7, headers: [] };
    assert.deepEqual(plan?.ownLog, { ...target, path: "/base/v1/logs" });
    assert.deepEqual(
      plan?.metricsSinks.map((sink) => sink.target),
      [{ ...target, path: "/base/v1/metrics" }],
    );
    assert.equal(plan?.metricsSinks[0]?.intervalMs, 60_000);
    assert.deepEqual(
      plan?.clusters.map(({ name, protocol, tls }) => [name, protocol, tls]),
      [[COMMON, "http1", null]],
    );
  });

  it("speaks gRPC where that is said, or the port is that of gRPC", () => {
    const said = load({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://10.0.0.1:9", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }).plan;
    assert.equal(said?.ownLog?.path, "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    assert.deepEqual(
      said?.clusters.map(({ protocol, tls }) => [protocol, tls?.sni]),
      [["http2", "10.0.0.1"]],
    );
    assert.equal(load({ OTEL_EXPORTER_OTLP_ENDPOINT: "otel:4317" }).plan?.ownLog?.protocol, "grpc");
  });

  it("is believed over https only when its certificate is for its name, or its address", () => {
    const namesOf = (host: string) =>
      load({ OTEL_EXPORTER_OTLP_ENDPOINT: `https://${host}:4318` }).plan?.clusters.map(
        ({ tls }) => tls?.validation?.subjectAltNames,
      );
    const exact = (type: string, value: string) => [[{ type, text: { kind: "exact", value, ignoreCase: false } }]];
    assert.deepEqual(namesOf("otel.example"), exact("dns", "otel.example"));
    assert.deepEqual(namesOf("10.0.0.1"), exact("ip", "10.0.0.1"));
    assert.deepEqual(namesOf("[2001:db8:0:0::1]"), exact("ip", "2001:db8::1"));
  });

  it("may be another for each, or none", () => {
    const { plan } = load({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://m:1/otlp",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
      OTEL_METRIC_EXPORT_INTERVAL: "2500",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://l:1",
      OTEL_LOGS_EXPORTER: "none",
    });
    const [sink] = plan?.metricsSinks ?? [];
    assert.equal(plan?.ownLog, null);
    assert.equal(sink?.target.path, "/otlp");
    assert.deepEqual([sink?.intervalMs, sink?.countersAsDeltas, sink?.histogramsAsDeltas], [2_500, true, true]);
    assert.equal(load({ OTEL_LOGS_EXPORTER: "otlp" }).plan?.ownLog?.authority, "localhost:4318");
  });

  it("is not told the metrics that a sink of the file has", () => {
    const { plan } = load(
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318" },
      {
        stats_sinks: [
          {
            name: "s",
            typed_config: {
              "@type": "type.googleapis.com/envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig",
              grpc_service: { envoy_grpc: { cluster_name: "c" } },
            },
          },
        ],
        static_resources: { clusters: [{ name: "c", load_assignment: { cluster_name: "c" } }] },
      },
    );
    assert.deepEqual(
      plan?.metricsSinks.map(({ target }) => target.cluster),
      ["c"],
    );
  });

  it("is said by name what is not honoured, or wrong", () => {
    const { errors, warnings } = load({
      OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://otel",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t:1",
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_TRACES_SAMPLER: "always_on",
    });
    assert.deepEqual(errors, [`${COMMON}: 'ftp://otel' is no endpoint: write http://host:port`]);
    assert.deepEqual(warnings, [
      "OTEL_EXPORTER_OTLP_COMPRESSION: the variable is not acted on",
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: the variable is not acted on: spans go where the tracer of a file says",
      "OTEL_METRICS_EXPORTER: 'prometheus' is not acted on: use otlp or none",
      "OTEL_TRACES_SAMPLER: the variable is not acted on",
    ]);
  });
});

const COMMON = "OTEL_EXPORTER_OTLP_ENDPOINT";

/** Instead of those of the machine, which may have none. */
const AUTHORITIES = fileURLToPath(new URL("../../support/certs/ca.pem", import.meta.url));

function load(variables: Readonly<Record<string, string>>, file: unknown = { static_resources: {} }) {
  const { plan, errors, warnings } = loadPlan(
    { file: "f", text: JSON.stringify(file) },
    { environment: (name) => ({ SSL_CERT_FILE: AUTHORITIES, ...variables })[name] },
  );
  const text = (one: { readonly file: string; readonly message: string }): string => `${one.file}: ${one.message}`;
  return { plan, errors: errors.map(text), warnings: warnings.map(text).sort() };
}
