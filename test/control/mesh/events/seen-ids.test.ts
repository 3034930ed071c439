import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeenIds } from "../../../../src/control/mesh/events/seen-ids.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

describe("ids that were seen", () => {
  it("are old for a minute, and new after it", () => {
    const clock = new VirtualClock();
    const seen = new SeenIds(clock, 60_000);
    assert.equal(seen.isNew("a"), true);
    clock.advanceMs(60_000);
    assert.equal(seen.isNew("a"), false);
    clock.advanceMs(10);
    assert.equal(seen.isNew("a"), true);
  });

  it("are forgotten oldest first when there are too many", () => {
    const seen = new SeenIds(new VirtualClock(), 60_000, 2);
    assert.deepEqual(
      ["a", "b", "c", "b", "a"].map((id) => seen.isNew(id)),
      [true, true, true, false, true],
    );
  });
});
