import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { telemetryEnvironment } from "../../../src/control/tracing/environment.ts";

function of(variables: Readonly<Record<string, string>>): ReturnType<typeof telemetryEnvironment> {
  return telemetryEnvironment((name) => variables[name]);
}

describe("the environment of the telemetry thread", () => {
  it("says nothing by default", () => {
    assert.deepEqual(of({}), {
      ...{ isDisabled: false, serviceName: "", resource: new Map(), headers: { traces: [], metrics: [], logs: [] } },
      spans: { queueMax: 32_768, batchMax: 2_048, delayMs: 1_000 },
      logs: { queueMax: 32_768, batchMax: 2_048, delayMs: 1_000 },
    });
  });

  it("names the service and its attributes", () => {
    const { resource, serviceName } = of({ OTEL_RESOURCE_ATTRIBUTES: "service.name=shop, team=a%20b,=x,broken" });
    assert.equal(serviceName, "shop");
    assert.deepEqual(
      [...resource],
      [
        ["service.name", "shop"],
        ["team", "a b"],
      ],
    );
    assert.equal(of({ OTEL_SERVICE_NAME: "own", OTEL_RESOURCE_ATTRIBUTES: "service.name=shop" }).serviceName, "own");
  });

  it("adds headers, those of traces before the common ones", () => {
    assert.deepEqual(of({ OTEL_EXPORTER_OTLP_HEADERS: "API-Key=1" }).headers.logs, [{ name: "api-key", value: "1" }]);
    const both = { OTEL_EXPORTER_OTLP_HEADERS: "a=1", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2" };
    assert.deepEqual(of(both).headers.traces, [{ name: "b", value: "2" }]);
    assert.deepEqual(of(both).headers.metrics, [{ name: "a", value: "1" }]);
    // An empty variable is one that is not set.
    const empty = of({ ...both, OTEL_EXPORTER_OTLP_TRACES_HEADERS: "" });
    assert.deepEqual(empty.headers.traces, [{ name: "a", value: "1" }]);
  });

  it("takes proper numbers only, and no batch above the queue", () => {
    const { logs, spans } = of({
      ...{ OTEL_BSP_MAX_QUEUE_SIZE: "100", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "500", OTEL_BSP_SCHEDULE_DELAY: "-1" },
      ...{ OTEL_BLRP_MAX_QUEUE_SIZE: "0", OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "500", OTEL_BLRP_SCHEDULE_DELAY: "7" },
    });
    assert.deepEqual(spans, { queueMax: 100, batchMax: 100, delayMs: 1_000 });
    assert.deepEqual(logs, { queueMax: 32_768, batchMax: 500, delayMs: 7 });
  });

  it("switches the export off", () => {
    assert.ok(of({ OTEL_SDK_DISABLED: "True" }).isDisabled);
  });
});
