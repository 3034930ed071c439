import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FormatPartPlan, JsonFieldPlan, JsonValuePlan, TextLogPlan } from "../../src/config/plan/access-log.ts";
import { lineWriter } from "../../src/telemetry/access-line.ts";
import type { LoggedSource } from "../../src/telemetry/log-filter.ts";

const SOURCE: LoggedSource = {
  request: null,
  startWallMs: 0,
  isHealthCheck: false,
  flags: "",
  logType: "DownstreamEnd",
  grpcStatus: () => 0,
  operator: (name) => ({ RESPONSE_CODE: "200", REQ: "text" })[name],
  typed: (_, [key]) => ({ list: [1, { b: 2, a: "x" }], text: "long text", none: null })[key ?? ""],
};

const part = (name: string, args: readonly string[] = [], lengthMax = Number.POSITIVE_INFINITY): FormatPartPlan => ({
  kind: "operator",
  name,
  args,
  lengthMax,
});
const text = (...parts: readonly FormatPartPlan[]): JsonValuePlan => ({ kind: "text", parts });
const field = (key: string, value: JsonValuePlan): JsonFieldPlan => ({ key, value });

function line(
  json: readonly JsonFieldPlan[] | null,
  omitEmpty: boolean,
  format: readonly FormatPartPlan[] = [],
): string {
  const plan: TextLogPlan = { sink: "stdout", path: "", filter: null, format, json, omitEmpty };
  return lineWriter(plan)(SOURCE);
}

describe("a line of an access log", () => {
  const fields = [
    field("10", text(part("RESPONSE_CODE"))),
    field("9", text(part("REQ"))),
    field("list", {
      kind: "list",
      values: [text(part("RESP")), { kind: "constant", text: "null" }, text(part("METADATA", ["list"]))],
    }),
    field("map", { kind: "map", fields: [field("none", text(part("METADATA", ["none"])))] }),
    field("short", text(part("METADATA", ["text"], 4))),
  ];

  it("is JSON in the order of the plan, with the types of what its operators stand for", () => {
    const expected =
      '{"10":200,"9":"text","list":[null,null,[1,{"a":"x","b":2}]],"map":{"none":null},"short":"long"}\n';
    assert.equal(line(fields, false), expected);
  });

  it("has nothing of what is empty, when that is asked for", () => {
    assert.equal(line(fields, true), '{"10":200,"9":"text","list":[[1,{"a":"x","b":2}]],"short":"long"}\n');
    assert.equal(line([field("none", text(part("RESP")))], true), "{}\n");
  });

  it("of text has a hyphen for what is missing, or nothing", () => {
    const format: FormatPartPlan[] = [part("RESP"), { kind: "literal", text: "|" }, part("REQ")];
    assert.deepEqual([line(null, false, format), line(null, true, format)], ["-|text", "|text"]);
  });
});
