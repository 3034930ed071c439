import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ValueMatcherPlan } from "../../src/config/plan/log-filter.ts";
import { type FilterServices, type LoggedSource, logFilter } from "../../src/telemetry/log-filter.ts";
import { valueAt } from "../../src/telemetry/metadata-value.ts";

const METADATA = { ns: { text: "value", number: 5, none: null, list: [1, "a"], truth: true } };

function source(traceId: string | undefined, requestId: string): LoggedSource {
  return {
    request: { valueByName: (name) => (name === "x-request-id" ? requestId : undefined) },
    startWallMs: 0,
    isHealthCheck: false,
    flags: "",
    logType: "DownstreamEnd",
    grpcStatus: () => 0,
    operator: () => traceId,
    typed: (_, path) => valueAt(METADATA, path),
  };
}

/** Filters of metadata and traces ask neither the runtime nor chance. */
const NO_SERVICES = {} as FilterServices;
const exact = (value: string): ValueMatcherPlan => ({
  kind: "string",
  string: { kind: "exact", value, ignoreCase: false },
});

describe("a filter of access logs", () => {
  for (const [key, value, wanted] of [
    ["text", exact("value"), true],
    ["text", exact("other"), false],
    ["number", { kind: "number", value: 5 }, true],
    ["number", { kind: "range", start: 1, end: 5 }, false],
    ["number", { kind: "range", start: 5, end: 6 }, true],
    ["number", exact("5"), false],
    ["none", { kind: "null" }, true],
    ["truth", { kind: "truth", value: false }, false],
    ["list", { kind: "list", element: exact("a") }, true],
    ["text", { kind: "list", element: exact("value") }, false],
    ["text", { kind: "any", matchers: [{ kind: "null" }, exact("value")] }, true],
    ["text", { kind: "present", present: false }, false],
    ["text", null, false],
  ] as const) {
    it(`${wanted ? "wants" : "does not want"} metadata ${key} by ${JSON.stringify(value)}`, () => {
      const filter = logFilter({ kind: "metadata", path: ["ns", key], value, missing: !wanted }, NO_SERVICES);
      assert.equal(filter(source(undefined, "")), wanted);
    });
  }

  it("says of metadata that is not there what the file says", () => {
    const wants = [true, false].map((missing) =>
      logFilter(
        { kind: "metadata", path: ["ns", "else"], value: exact("value"), missing },
        NO_SERVICES,
      )(source(undefined, "")),
    );
    assert.deepEqual(wants, [true, false]);
  });

  it("wants traces that a service asked for, and no others", () => {
    const filter = logFilter({ kind: "traced" }, NO_SERVICES);
    const forced = "00000000-0000-a000-8000-000000000000";
    const sampled = "00000000-0000-9000-8000-000000000000";
    const asked = [source("1", forced), source("1", sampled), source(undefined, forced)].map(filter);
    assert.deepEqual(asked, [true, false, false]);
  });
});
