import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { metadataText, ownersValue, valueAt } from "../../src/telemetry/metadata-value.ts";

const METADATA = { ns: { text: "t", list: [{ b: 1, a: null }], map: { deep: 2 }, none: null } };

describe("a value of metadata", () => {
  for (const [path, expected] of [
    [["ns", "text"], "t"],
    [["ns", "list"], '[{"a":null,"b":1}]'],
    [["ns", "map", "deep"], "2"],
    [["ns", "list", "0"], undefined],
    [["ns", "none"], undefined],
    [["ns", "toString"], undefined],
    [["other", "text"], undefined],
    [[], undefined],
  ] as const) {
    it(`at ${path.join(":") || "no path"} is ${expected ?? "nothing"}`, () => {
      assert.equal(metadataText(valueAt(METADATA, path)), expected);
    });
  }

  it("is the listener's or the filter chain's, as it is asked for", () => {
    const chain = { ns: { text: "chain" } };
    const asked = ["LISTENER", "LISTENER_FILTER_CHAIN", "ROUTE"].map((owner) =>
      ownersValue(METADATA, chain, [owner, "ns", "text"]),
    );
    assert.deepEqual(asked, ["t", "chain", undefined]);
  });
});
