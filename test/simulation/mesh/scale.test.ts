import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runScale } from "./scale.ts";

describe("five nodes with 300 groups of ten targets", () => {
  it("share them evenly, and say next to nothing once they have", () => {
    const { beatBytes, steadyBytesPerS, unshared, busiest } = runScale(5, 300, 10, () => 0);
    assert.equal(unshared, 0);
    assert.ok(busiest < 1.1, `${busiest}`);
    assert.ok(beatBytes <= 4_096, `${beatBytes} bytes`);
    assert.ok(steadyBytesPerS <= 2_000, `${steadyBytesPerS} bytes a second`);
  });
});
