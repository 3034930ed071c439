// envoy.access_loggers.open_telemetry: what it becomes, and what is said of what it does not.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import type { OtlpLogPlan } from "../../../src/config/plan/otlp.ts";
import { managerFilter } from "../../support/proxy-file.ts";

const GRPC = { grpc_service: { envoy_grpc: { cluster_name: "collector" }, timeout: "2s" } };

describe("an access log of OpenTelemetry", () => {
  it("goes to a cluster over gRPC, named the old way or the new one", () => {
    const target = {
      ...{ protocol: "grpc", cluster: "collector", authority: "collector", timeoutMs: 2_000, headers: [] },
      path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    };
    const old = logOf({ common_config: { log_name: "l", buffer_flush_interval: "0.2s", ...GRPC } });
    assert.deepEqual([old?.target, old?.logName, old?.delayMs], [target, "l", 200]);
    const now = logOf({ log_name: "n", stat_prefix: "p", ...GRPC });
    assert.deepEqual([now?.target, now?.logName, now?.delayMs], [target, "n", 1_000]);
    assert.equal(now?.statPrefix, "access_logs.open_telemetry_access_log.p.");
  });

  it("goes over HTTP with the file's headers", () => {
    const uri = { uri: "http://otel:4318/v1/logs", cluster: "collector", timeout: "1s" };
    const request_headers_to_add = [{ header: { key: "X-Key", value: "1" } }];
    const log = logOf({ http_service: { http_uri: uri, request_headers_to_add }, disable_builtin_labels: true });
    assert.equal(log?.logName, null);
    assert.deepEqual(log?.target, {
      ...{ protocol: "http", cluster: "collector", authority: "otel:4318", path: "/v1/logs", timeoutMs: 1_000 },
      headers: [{ name: "x-key", value: "1" }],
    });
  });

  it("says what is wrong with it", () => {
    const one = "grpc_service, http_service, or common_config.grpc_service";
    assert.deepEqual(said({}), [`error OpenTelemetry access logger requires one of: ${one} to be configured.`]);
    assert.deepEqual(
      said({ ...GRPC, http_service: { http_uri: { uri: "http://a/b", cluster: "no", timeout: "1s" } } }),
      [
        `error OpenTelemetry access logger can only have one transport configured. Specify exactly one of: ${one}.`,
        "warning records of access logs go nowhere: there is no cluster 'no'",
      ],
    );
    assert.deepEqual(said({ ...GRPC, body: { int_value: 1 } }), [
      "error Only string values, nested key value lists and array values are supported in OpenTelemetry access log format.",
    ]);
    assert.deepEqual(said({ ...GRPC, body: { string_value: "%FOO%" } }), [
      "error Not supported field in StreamInfo: FOO",
    ]);
    assert.deepEqual(said({ ...GRPC, resource_attributes: { values: [{ key: "n", value: { int_value: 5 } }] } }), [
      "warning resource attribute n is not acted on: only texts are",
    ]);
  });

  it("is named where another logger is not acted on", () => {
    const http_grpc = {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
      common_config: { log_name: "l", ...GRPC },
    };
    const [warning = ""] = load(http_grpc).said;
    assert.match(
      warning,
      /HttpGrpcAccessLogConfig is not acted on: .*open_telemetry\.v3\.OpenTelemetryAccessLogConfig$/,
    );
  });
});

function logOf(config: Readonly<Record<string, unknown>>): OtlpLogPlan | undefined {
  const { filter } = load(typed(config)).plan?.listeners[0]?.filterChains[0] ?? {};
  return filter?.accessLogs.flatMap((log) => (log.sink === "otlp" ? [log.records] : []))[0];
}

function said(config: Readonly<Record<string, unknown>>): readonly string[] {
  return load(typed(config)).said;
}

function typed(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
    ...config,
  };
}

function load(typed_config: unknown) {
  const route_config = { name: "r", virtual_hosts: [{ name: "v", domains: ["*"], routes: [] }] };
  const manager = managerFilter({ route_config, access_log: [{ name: "log", typed_config }] });
  const address = { socket_address: { address: "127.0.0.1", port_value: 1 } };
  const { plan, errors, warnings } = loadPlan({
    file: "f",
    text: JSON.stringify({
      static_resources: {
        listeners: [{ name: "l", address, filter_chains: [{ filters: [manager] }] }],
        clusters: [{ name: "collector", load_assignment: { cluster_name: "collector" } }],
      },
    }),
  });
  const text = (kind: string) => (one: { readonly message: string }) => `${kind} ${one.message}`;
  return { plan, said: [...errors.map(text("error")), ...warnings.map(text("warning"))] };
}
