import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { BARS } from "./bars.ts";

describe("a bar of the mesh, in virtual time", () => {
  for (const { scenario, what, most, measure } of BARS) {
    it(`${scenario}: ${what}: at most ${most}`, () => {
      const seen = measure();
      assert.ok(seen <= most, `${seen}`);
    });
  }
});
