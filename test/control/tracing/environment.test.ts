import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { traceEnvironment } from "../../../src/control/tracing/environment.ts";

function of(variables: Readonly<Record<string, string>>): ReturnType<typeof traceEnvironment> {
  return traceEnvironment((name) => variables[name]);
}

describe("the environment of tracing", () => {
  it("says nothing by default", () => {
    assert.deepEqual(of({}), {
      ...{ isDisabled: false, serviceName: "", resource: new Map(), headers: [] },
      ...{ queueSpansMax: 32_768, batchSpansMax: 2_048, delayMs: 1_000 },
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
    assert.deepEqual(of({ OTEL_EXPORTER_OTLP_HEADERS: "API-Key=1" }).headers, [{ name: "api-key", value: "1" }]);
    const both = { OTEL_EXPORTER_OTLP_HEADERS: "a=1", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2" };
    assert.deepEqual(of(both).headers, [{ name: "b", value: "2" }]);
  });

  it("takes proper numbers only, and no batch above the queue", () => {
    const { batchSpansMax, delayMs, queueSpansMax } = of({
      ...{ OTEL_BSP_MAX_QUEUE_SIZE: "100", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "500", OTEL_BSP_SCHEDULE_DELAY: "-1" },
    });
    assert.deepEqual([queueSpansMax, batchSpansMax, delayMs], [100, 100, 1_000]);
  });

  it("switches the export off", () => {
    assert.ok(of({ OTEL_SDK_DISABLED: "True" }).isDisabled);
  });
});
