import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Mailbox } from "../../src/actor/mailbox.ts";

describe("a mailbox", () => {
  it("gives stops before supervision and supervision before work, each lane in order", () => {
    const box = new Mailbox<string>();
    box.offer("work", "w1");
    box.offer("supervision", "s1");
    box.offer("work", "w2");
    box.offer("stop", "end");
    box.offer("supervision", "s2");
    assert.deepEqual(
      [box.take(), box.take(), box.take(), box.take(), box.take(), box.take()],
      ["end", "s1", "s2", "w1", "w2", undefined],
    );
  });

  it("refuses and counts what a full lane cannot take, and keeps room in the others", () => {
    const box = new Mailbox<string>({ stop: 1, supervision: 1, work: 1 });
    assert.equal(box.offer("work", "w1"), true);
    assert.equal(box.offer("work", "w2"), false);
    assert.equal(box.offer("stop", "end"), true);
    assert.deepEqual([box.refused, box.size], [1, 2]);
  });
});
