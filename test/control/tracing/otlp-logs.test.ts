import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { LogValuePlan, OtlpLogPlan } from "../../../src/config/plan/otlp.ts";
import { linesRequest, recordsRequest } from "../../../src/control/tracing/otlp-logs.ts";
import { logLine } from "../../../src/telemetry/log-record.ts";
import { attributesOf, list, type Message, readExport } from "../../support/otlp-proto.ts";

const ORIGIN = { resource: new Map([["service.name", "shop"]]), version: "1.2.3" };
const text: LogValuePlan = { kind: "text", parts: [] };
const PLAN: OtlpLogPlan = {
  target: { protocol: "grpc", cluster: "c", authority: "c", path: "/", timeoutMs: 1, headers: [] },
  statPrefix: "",
  body: text,
  attributes: [
    { key: "list", value: { kind: "list", values: [text, { kind: "map", fields: [{ key: "in", value: text }] }] } },
    { key: "last", value: text },
  ],
  tags: [
    { name: "tag", parts: [], otherwise: null },
    { name: "absent", parts: [], otherwise: null },
  ],
  logName: null,
  resource: [],
  delayMs: 1,
};

describe("records of access logs over OTLP", () => {
  it("say what their plan says, with values in its places", () => {
    const texts = ["GET 200\n", "one", "two", "thrée", "t", ""];
    const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const lines = [logLine({ startUs: 1_795_316_821_421_329, ...span, texts }).trimEnd()];
    const request = readExport("LogsRequest", recordsRequest(ORIGIN, PLAN, lines));
    const [resource] = list(request["resource_logs"]);
    assert.deepEqual(attributesOf(resource?.["resource"] as Message), { "service.name": "shop" });
    const [scope] = list(resource?.["scope_logs"]);
    assert.deepEqual(scope?.["scope"], { name: "starling", version: "1.2.3" });
    const [record] = list(scope?.["log_records"]);
    assert.deepEqual(record?.["body"], { string_value: "GET 200\n" });
    assert.equal(record?.["time_unix_nano"], "1795316821421329000");
    assert.deepEqual([record?.["trace_id"], record?.["span_id"]], [span.traceId, span.spanId]);
    const map = { kvlist_value: { values: [{ key: "in", value: { string_value: "two" } }] } };
    assert.deepEqual(record?.["attributes"], [
      { key: "list", value: { array_value: { values: [{ string_value: "one" }, map] } } },
      { key: "last", value: { string_value: "thrée" } },
      { key: "tag", value: { string_value: "t" } },
    ]);
  });

  it("are these bytes", () => {
    const lines = [logLine({ startUs: 1, traceId: "", spanId: "", texts: ["b"] }).trimEnd()];
    const plan = { ...PLAN, attributes: [], tags: [] };
    const made = recordsRequest({ resource: new Map([["k", "v"]]), version: "" }, plan, lines);
    const name = Buffer.from("starling").toString("hex");
    const expected = [
      ["0a2c", "0a0a", "0a08", "0a016b", "12030a0176"], // resource_logs, resource, attributes: k, v
      ["121e", `0a0c0a08${name}1200`], // scope_logs, scope
      ["120e", "09e803000000000000", "2a030a0162"], // log_records, time_unix_nano, body
    ];
    assert.equal(Buffer.from(made).toString("hex"), expected.flat().join(""));
  });

  it("are lines of the node's log, with their severity and component", () => {
    const line = {
      level: "warning",
      component: "upstream",
      text: "gone",
      number: 1,
      wallMs: 1_795_316_821_421.5,
    } as const;
    const request = readExport("LogsRequest", linesRequest(ORIGIN, [line, { ...line, level: "critical" }]));
    const [scope] = list(list(request["resource_logs"])[0]?.["scope_logs"]);
    const [first, second] = list(scope?.["log_records"]);
    assert.deepEqual(first, {
      time_unix_nano: "1795316821421500000",
      severity_number: "13",
      severity_text: "warning",
      body: { string_value: "gone" },
      attributes: [{ key: "component", value: { string_value: "upstream" } }],
      observed_time_unix_nano: "1795316821421500000",
    });
    assert.equal(second?.["severity_number"], "21");
  });
});
