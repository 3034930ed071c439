import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runtimeValue } from "../../../src/config/plan/runtime-value.ts";

/** As Envoy 1.40 reads them: whole numbers seen as max_requests in /clusters after /runtime_modify. */
const INTEGERS: Readonly<Record<string, number | null>> = {
  "5": 5,
  "33.3": 33,
  "33.9": 33,
  "0.9": 0,
  "1e3": 1000,
  "0x10": 16,
  "010": 8,
  "08": 8,
  "+7": 7,
  " 8 ": 8,
  "33.3 ": 33,
  "5.": 5,
  ".5": 0,
  "5 # a comment": 5,
  "12345678901234567890": 12_345_678_901_234_567_000,
  "1e20": null,
  "1e400": null,
  "-5": null,
  "-0.5": null,
  "0o17": null,
  "0b1": null,
  "0x": null,
  "1_000": null,
  "1,000": null,
  "1e": null,
  "--5": null,
  "5%": null,
  "5\n6": null,
  "1 2": null,
  '"9"': null,
  true: null,
  inf: null,
  nan: null,
  null: null,
  "": null,
  "[1]": null,
  "numerator: 4": null,
};

/** Likewise the share of requests, as percent. Null: the default of the route holds. */
const SHARES: Readonly<Record<string, number | null>> = {
  "20": 20,
  "33.9": 33,
  "0.9": 0,
  "1e2": 100,
  "0x32": 50,
  "-0": 0,
  "150": 100,
  "9999999999": 100,
  "1e20": null,
  "-5": null,
  abc: null,
  true: null,
  '"20"': null,
  '{"numerator":20}': 20,
  '{"numerator":255,"denominator":"TEN_THOUSAND"}': 2.55,
  '{"numerator":300000,"denominator":"MILLION"}': 30,
  '{"numerator": 7,\n"denominator": "MILLION"}': 0.0007,
  "numerator: 20": 20,
  "numerator: 8\ndenominator: TEN_THOUSAND\n": 0.08,
  "{numerator: 20, denominator: HUNDRED}": 20,
  '{"numerator":0x14}': 20,
  '{"numerator":4294967297}': 1,
  '{"denominator":"HUNDRED"}': 0,
  "{}": 0,
  '{"numerator":"20"}': 0,
  '{"numerator":20.0}': 0,
  '{"numerator":20.5}': 0,
  '{"numerator":true}': 0,
  '{"numerator":null}': 0,
  '{"numerator":-1}': Number.POSITIVE_INFINITY,
  '{"numerator":20,"denominator":0}': null,
  '{"numerator":20,"denominator":"BAD"}': null,
  '{"numerator":20,"x":1}': null,
  '{"a":1}': null,
};

describe("the text of a runtime entry", () => {
  for (const [text, expected] of Object.entries(INTEGERS)) {
    it(`is as a whole number ${expected ?? "nothing"}: ${JSON.stringify(text)}`, () => {
      assert.equal(runtimeValue(text).integer, expected);
    });
  }

  for (const [text, expected] of Object.entries(SHARES)) {
    it(`is as a share ${expected === null ? "nothing" : `${expected} percent`}: ${JSON.stringify(text)}`, () => {
      const { share } = runtimeValue(text);
      assert.equal(share === null ? null : (share.numerator / share.denominator) * 100, expected);
    });
  }

  it("is read anew when very many others were read meanwhile", () => {
    for (let i = 0; i < 2_500; i++) assert.equal(runtimeValue(`${i}`).integer, i);
    assert.equal(runtimeValue("33.3").integer, 33);
  });
});
