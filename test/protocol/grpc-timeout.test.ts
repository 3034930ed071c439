import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { grpcTimeoutMs, grpcTimeoutText } from "../../src/protocol/grpc-timeout.ts";

describe("grpc-timeout", () => {
  for (const [text, ms] of [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["250m", 250],
    ["1500u", 2],
    ["1n", 1],
    ["0m", 0],
    ["123456789m", -1],
    ["5", -1],
    ["m", -1],
    ["-1S", -1],
    ["1s", -1],
    ["", -1],
  ] as const) {
    it(`'${text}' is ${ms} ms`, () => assert.equal(grpcTimeoutMs(text), ms));
  }

  for (const [ms, text] of [
    [0, "0m"],
    [1_500.9, "1500m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [28 * 3_600_000, "100800S"],
    [359_999_996_400_000, "99999999H"],
    [Number.MAX_SAFE_INTEGER, "99999999H"],
  ] as const) {
    it(`${ms} ms are '${text}'`, () => assert.equal(grpcTimeoutText(ms), text));
  }

  it("never says more than it was given, nor less by more than one of its unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300_000_000_000_000 }), (ms) => {
        const text = grpcTimeoutText(ms);
        const said = grpcTimeoutMs(text);
        assert.ok(said <= ms && ms - said < grpcTimeoutMs(`1${text.at(-1)}`));
      }),
    );
  });
});
