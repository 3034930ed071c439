import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DEFAULT_FORMAT_TEXT } from "../../../src/config/compile/access-log.ts";
import { parseFormat } from "../../../src/config/compile/format.ts";
import { operatorNames, operatorRule } from "../../../src/config/compile/format-operators.ts";
import type { FormatPartPlan } from "../../../src/config/plan/access-log.ts";
import { OPERATOR_NAMES } from "../../../src/dataplane/exchange/exchange-format.ts";

const none = Number.POSITIVE_INFINITY;
const literal = (text: string): FormatPartPlan => ({ kind: "literal", text });
const operator = (name: string, args: readonly string[] = [], lengthMax = none): FormatPartPlan => ({
  kind: "operator",
  name,
  args,
  lengthMax,
});

describe("a substitution format", () => {
  for (const [format, parts] of [
    ["", []],
    ["plain", [literal("plain")]],
    ["100%%", [literal("100%")]],
    ["%PROTOCOL%", [operator("PROTOCOL")]],
    ["a %REQ(:METHOD)% b", [literal("a "), operator("REQ", [":method"]), literal(" b")]],
    ["%REQ(X-A?:Path):10%", [operator("REQ", ["x-a", ":path"], 10)]],
    ["%REQUEST_HEADER(a)%%RESPONSE_HEADER(b)%", [operator("REQ", ["a"]), operator("RESP", ["b"])]],
    ["%REQ(a):0%", [operator("REQ", ["a"], 0)]],
    ["%START_TIME(%Y-%m)%", [operator("START_TIME", ["%Y-%m"])]],
    ["%DYNAMIC_METADATA(a:b)%", [operator("DYNAMIC_METADATA", ["a", "b"])]],
    ["%PROTOCOL()%", [operator("PROTOCOL")]],
    ["%METADATA(ROUTE:ns:k)%", [operator("METADATA", ["ROUTE", "ns", "k"])]],
    ["%METADATA(DYNAMIC:ns:k):3%", [operator("DYNAMIC_METADATA", ["ns", "k"], 3)]],
    ["%METADATA(UPSTREAM_HOST:ns)%", [operator("UPSTREAM_METADATA", ["ns"])]],
  ] as const) {
    it(`${JSON.stringify(format)} is ${parts.length} parts`, () => {
      const parsed = parseFormat(format);
      assert.deepEqual(parsed.ok ? parsed.parts : parsed.says, parts);
    });
  }

  for (const [format, says] of [
    ["%FOO%", "Not supported field in StreamInfo: FOO"],
    ["a%", "Incorrect configuration: a%. Couldn't find valid command at position 1"],
    ["%foo%", "Incorrect configuration: %foo%. Couldn't find valid command at position 0"],
    ["%METADATA(NOBODY:ns:k)%", "NOBODY is not supported type of metadata"],
    ["%REQ(a", "Incorrect configuration: %REQ(a. Couldn't find valid command at position 0"],
    ["%REQ%", "REQ requires parameters"],
    ["%REQ()%", "REQ requires parameters"],
    ["%PROTOCOL(x)%", "PROTOCOL does not take any parameters or length"],
    ["%BYTES_SENT:3%", "BYTES_SENT does not take any parameters or length"],
    ["%REQ(a?b?c)%", "More than 1 alternative header specified in token: a?b?c"],
    ["%GRPC_STATUS(X)%", "GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: X"],
  ] as const) {
    it(`${format} is refused in Envoy's words`, () => {
      const parsed = parseFormat(format);
      assert.equal(parsed.ok ? "parsed" : parsed.says, says);
    });
  }

  it("has Envoy's default, which gives every operator a value", () => {
    const parsed = parseFormat(DEFAULT_FORMAT_TEXT);
    assert.deepEqual(parsed.ok && parsed.unserved, []);
  });

  it("says an operator has no value exactly when the data plane has none", () => {
    const wrong = operatorNames().filter((name) => {
      const rule = operatorRule(name);
      return name !== "ENVIRONMENT" && rule?.served !== OPERATOR_NAMES.has(rule?.name ?? name);
    });
    assert.deepEqual(wrong, []);
  });
});
