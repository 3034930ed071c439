import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Bench, fact, NOTHING, only } from "./reader-bench.ts";

const IDLE = { success: 0, error: 0, issued: 0, inProgress: 0 };

describe("the reader of a node's load, of connections", () => {
  it("tells connections of a TCP proxy's clusters, of all endpoints, and none of the others", () => {
    const b = new Bench();
    b.set([fact(1, {}), fact(2, {})]);
    b.reader.follow("all");
    b.thread(0).connect(1, { opened: 3, failed: 1, active: 2 });
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
    b.list(["c"]);
    b.thread(0).connect(1, { opened: 2, failed: 2, active: 0 });
    b.thread(1).connect(2, { opened: 1, failed: 0, active: 1 });
    const told = { opened: 3, failed: 2, active: 3 };
    assert.deepEqual(b.take("endpoints"), [only(IDLE, told)]);
    assert.deepEqual(b.take(), [only(IDLE, { opened: 0, failed: 0, active: 3 })]);
    b.thread(0).connect(1, { opened: 0, failed: 0, active: -2 });
    b.thread(1).connect(2, { opened: 0, failed: 0, active: -1 });
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
  });

  it("tells once more what a TCP proxy's cluster had when it is no more one, and nothing after that", () => {
    const b = new Bench();
    b.list(["c"]);
    b.reader.follow("all");
    b.thread(0).connect(1, { opened: 2, failed: 0, active: 2 });
    b.list([]);
    assert.deepEqual(b.take(), [only(IDLE, { opened: 2, failed: 0, active: 2 })]);
    b.thread(0).connect(1, { opened: 1, failed: 0, active: 1 });
    assert.deepEqual(b.take(), [{ ...NOTHING, localities: [] }]);
    b.list(["c"]);
    assert.deepEqual(b.take(), [only(IDLE, { opened: 0, failed: 0, active: 3 })]);
  });

  it("keeps the connections of an endpoint that left, and of a cluster that left with it", () => {
    const b = new Bench();
    b.list(["c"]);
    b.reader.follow("all");
    b.thread(0).connect(1, { opened: 4, failed: 1, active: 3 });
    b.reader.assign([]);
    b.thread(0).connect(1, { opened: 0, failed: 0, active: -3 });
    b.thread(0).release(1);
    assert.deepEqual(b.take(), [only(IDLE, { opened: 4, failed: 1, active: 0 })]);
    assert.deepEqual(b.take(), []);
  });

  it("keeps nothing of a cluster that left for connections that are not told", () => {
    const b = new Bench();
    b.reader.follow("all");
    b.thread(0).connect(1, { opened: 4, failed: 1, active: 0 });
    b.reader.assign([]);
    b.thread(0).release(1);
    b.reader.assign([]);
    assert.deepEqual(b.take(), []);
  });

  it("begins connections from zero with a cluster that is named", () => {
    const b = new Bench();
    b.list(["c"]);
    b.thread(0).connect(1, { opened: 4, failed: 1, active: 3 });
    b.reader.follow("all");
    assert.deepEqual(b.take(), [only(IDLE, { opened: 0, failed: 0, active: 3 })]);
  });
});
