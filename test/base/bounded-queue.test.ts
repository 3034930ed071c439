import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { BoundedQueue } from "../../src/base/bounded-queue.ts";

describe("a bounded queue", () => {
  it("refuses what is beyond its limit and takes again when there is room", () => {
    const queue = new BoundedQueue<string>(2);
    assert.equal(queue.offer("a"), true);
    assert.equal(queue.offer("b"), true);
    assert.equal(queue.offer("c"), false);
    assert.equal(queue.take(), "a");
    assert.equal(queue.offer("d"), true);
    assert.deepEqual([queue.take(), queue.take(), queue.take()], ["b", "d", undefined]);
  });

  it("behaves like an array with a limit, whatever is offered and taken", () => {
    const steps = fc.array(fc.oneof(fc.integer(), fc.constant("take" as const)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), steps, (itemsMax, moves) => {
        const queue = new BoundedQueue<number>(itemsMax);
        const model: number[] = [];
        for (const move of moves) {
          if (move === "take") assert.equal(queue.take(), model.shift());
          else assert.equal(queue.offer(move), model.length < itemsMax && model.push(move) > 0);
          assert.equal(queue.size, model.length);
        }
      }),
    );
  });
});
