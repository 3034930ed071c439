import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { equalData } from "../../src/base/equal-data.ts";

const data = fc.anything({ withTypedArray: false, withNullPrototype: false });

describe("equality of plain data", () => {
  it("holds between data and its structured clone", () => {
    fc.assert(fc.property(data, (value) => equalData(value, structuredClone(value))));
  });

  it("sees every difference", () => {
    const rows: readonly (readonly [unknown, unknown])[] = [
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { a: 1, b: undefined }],
      [{ a: undefined }, { b: undefined }],
      [[1, 2], [1]],
      [[], {}],
      [Number.POSITIVE_INFINITY, null],
      [new Uint8Array([1]), new Uint8Array([2])],
      [new Uint8Array([1]), [1]],
      ["1", 1],
      [null, {}],
    ];
    for (const [a, b] of rows) {
      assert.equal(equalData(a, b), false);
      assert.equal(equalData(b, a), false);
    }
  });
});
