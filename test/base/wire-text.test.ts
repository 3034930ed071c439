import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isAscii, unicodeOf, wireText } from "../../src/base/wire-text.ts";

describe("texts of the wire", () => {
  it("have a character for each byte of UTF-8, and are read back", () => {
    for (const text of ["", "plain", "Zürich ☃", "\u{1f426}"]) {
      const wire = wireText(text);
      assert.equal(wire.length, Buffer.byteLength(text));
      assert.equal(unicodeOf(wire), text);
      assert.equal(isAscii(wire), text === "" || text === "plain");
    }
  });

  it("stay as they are where they are no UTF-8, and so does Unicode", () => {
    for (const text of ["Z\u00fcrich", "\u00c3", "\u2603"]) assert.equal(unicodeOf(text), text);
  });
});
