import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { INSTANCES_MAX } from "../../../../src/control/load/server/limits.ts";
import { SeenReports } from "../../../../src/control/load/server/seen-reports.ts";

describe("reports that were counted", () => {
  it("are found again by their number, as are all before it", () => {
    const seen = new SeenReports();
    const heard = [1, 2, 2, 5, 4, 5, 6].map((sequence) => seen.add({ instance: "a", sequence }));
    assert.deepEqual(heard, [true, true, false, true, false, false, true]);
    assert.equal(seen.add({ instance: "b", sequence: 1 }), true);
  });

  it("are remembered of so many authors, the one heard longest ago forgotten first", () => {
    const seen = new SeenReports();
    for (let i = 0; i < INSTANCES_MAX; i++) seen.add({ instance: `i${i}`, sequence: 1 });
    seen.add({ instance: "i0", sequence: 2 });
    seen.add({ instance: "one more", sequence: 1 });
    assert.equal(seen.add({ instance: "i0", sequence: 2 }), false);
    assert.equal(seen.add({ instance: "i2", sequence: 1 }), false);
    assert.equal(seen.add({ instance: "i1", sequence: 1 }), true);
  });
});
