import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FormatPartPlan } from "../../src/config/plan/access-log.ts";
import type { LogValuePlan, OtlpLogPlan } from "../../src/config/plan/otlp.ts";
import { logLine, readLogLine, textsOf } from "../../src/telemetry/log-record.ts";

describe("a record of an access log as a line", () => {
  it("comes out as it went in, line ends in its texts too", () => {
    const record = {
      startUs: 1_795_316_821_421_329,
      traceId: "0af7",
      spanId: "b7ad",
      texts: ["GET 200\n", "", "a\n\nb"],
    };
    const line = logLine(record);
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(readLogLine(line.slice(0, -1)), record);
  });

  it("has a space for a NUL, which separates texts", () => {
    const line = logLine({ startUs: 1, traceId: "", spanId: "", texts: ["a\0b", "c"] });
    assert.deepEqual(readLogLine(line.slice(0, -1)).texts, ["a b", "c"]);
  });

  it("has its texts from left to right: body, attributes, tags", () => {
    const parts = (text: string): readonly FormatPartPlan[] => [{ kind: "literal", text }];
    const text = (value: string): LogValuePlan => ({ kind: "text", parts: parts(value) });
    const plan: OtlpLogPlan = {
      target: { protocol: "grpc", cluster: "c", authority: "c", path: "/", timeoutMs: 1, headers: [] },
      statPrefix: "",
      body: { kind: "map", fields: [{ key: "b", value: { kind: "list", values: [text("1"), text("2")] } }] },
      attributes: [{ key: "a", value: text("3") }],
      tags: [{ name: "t", parts: parts("4"), otherwise: null }],
      logName: null,
      resource: [],
      delayMs: 1,
    };
    assert.deepEqual(textsOf(plan), ["1", "2", "3", "4"].map(parts));
    assert.deepEqual(textsOf({ ...plan, body: null }), ["3", "4"].map(parts));
  });
});
