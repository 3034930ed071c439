import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { announcedFacts, announcedJson } from "../../../src/control/admin/pages/announced-facts.ts";

const announced = { metadata: { "starling.mesh": { source: "app~1", since_ms: 1_000_000 }, "envoy.lb": {} } };

function viewAt(wallMs: number, lease: number | "own" | "held") {
  return { startedWallMs: 900_000, uptimeMs: () => wallMs - 900_000, lease: () => lease };
}

describe("what /clusters says of announced endpoints", () => {
  it("is who announced them, for how long they are there, and how long they stay", () => {
    assert.deepEqual(announcedFacts(viewAt(1_012_345, 4_200.7), announced), [
      ["source", "app~1"],
      ["age", "12.3s"],
      ["lease", "4.2s"],
    ]);
  });

  for (const lease of ["own", "held"] as const) {
    it(`says ${lease} for a lease that does not run`, () => {
      const mesh = { source: "app~1", age: "0.5s", lease };
      assert.deepEqual(announcedJson(viewAt(1_000_500, lease), announced), { mesh });
    });
  }

  it("has no age below zero when the machine's clock was set back", () => {
    assert.deepEqual(announcedFacts(viewAt(999_000, 5_000), announced)[1], ["age", "0.0s"]);
  });

  it("is nothing of endpoints that nobody announced", () => {
    const configured = { metadata: { "envoy.lb": { canary: true } } };
    assert.deepEqual(announcedFacts(viewAt(1_000_000, 0), configured), []);
    assert.deepEqual(announcedJson(viewAt(1_000_000, 0), configured), {});
  });
});
