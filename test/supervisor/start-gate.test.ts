import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { StartGate } from "../../src/supervisor/start-gate.ts";

describe("what listeners wait for", () => {
  it("is over once, when everything has happened in whatever order and however often", () => {
    let opened = 0;
    const gate = new StartGate(["names", "checks"], () => opened++);
    gate.happened("checks");
    gate.happened("checks");
    assert.deepEqual([gate.isOpen, opened, gate.awaits("names"), gate.awaits("checks")], [false, 0, true, false]);
    gate.happened("names");
    gate.happened("names");
    assert.deepEqual([gate.isOpen, opened], [true, 1]);
  });
});
