import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { RateMemory } from "../../src/supervisor/rate-memory.ts";

describe("the memory of token buckets", () => {
  it("stays with its buckets from plan to plan, and is new for new ones", () => {
    const memory = new RateMemory();
    const first = memory.of({
      rateBuckets: [
        { key: "a", words: 1 },
        { key: "b", words: 3 },
      ],
    });
    const second = memory.of({
      rateBuckets: [
        { key: "b", words: 3 },
        { key: "c", words: 2 },
      ],
    });
    assert.equal(second.get("b"), first.get("b"));
    assert.equal(second.get("b")?.byteLength, 24);
    assert.deepEqual([...second.keys()], ["b", "c"]);
    const third = memory.of({ rateBuckets: [{ key: "a", words: 1 }] });
    assert.notEqual(third.get("a"), first.get("a"));
  });
});
