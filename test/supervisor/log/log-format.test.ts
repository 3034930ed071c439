import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { compileLogFormat, DEFAULT_LOG_FORMAT } from "../../../src/supervisor/log/log-format.ts";

const RECORD = {
  wallMs: 1_795_245_240_123,
  pid: 4711,
  level: "warning",
  component: "upstream",
  text: 'two\nlines "quoted"',
} as const;

describe("a log line", () => {
  const cases: readonly (readonly [string, string])[] = [
    [DEFAULT_LOG_FORMAT, '[2026-11-21 07:14:00.123][4711][warning][upstream] two\nlines "quoted"'],
    ["%L %n", "W upstream"],
    ["%_", 'two\\nlines "quoted"'],
    ["%j", 'two\\nlines \\"quoted\\"'],
    ["%H:%M:%S.%f", "07:14:00.123000"],
    ["%E 100%% %q", "1795245240 100% %q"],
    ["[%g:%#] x", "[:] x"],
    ["%^%l%$ %v", 'warning two\nlines "quoted"'],
    [
      "json",
      '{"time":"2026-11-21T07:14:00.123Z","level":"warning","component":"upstream","pid":4711,"message":"two\\nlines \\"quoted\\""}',
    ],
  ];
  for (const [pattern, line] of cases) {
    it(`is ${JSON.stringify(line)} by ${pattern}`, () => assert.equal(compileLogFormat(pattern)(RECORD), line));
  }

  it("has the color of its level where somebody sees colors", () => {
    const line = compileLogFormat("[%^%l%$] %n", true)(RECORD);
    assert.equal(line, "[\u001b[33;1mwarning\u001b[m] upstream");
  });
});
