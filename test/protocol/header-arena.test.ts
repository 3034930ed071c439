import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { takeArena } from "../../src/protocol/header-arena.ts";
import { HeaderList } from "../../src/protocol/header-list.ts";

/** A list with so many bytes of values in it. */
function large(bytes: number): HeaderList {
  const list = new HeaderList();
  for (let left = bytes; left > 0; left -= 1_000) list.add("x-long", "v".repeat(Math.min(left, 1_000)));
  return list;
}

describe("the memory of a head that grew", () => {
  /** Spares are those of the thread: what ran before in this process may have left some, eight at most. */
  beforeEach(() => {
    for (let i = 0; i < 8; i++) takeArena(1);
  });

  it("serves the next one that grows, and keeps nothing of the first", () => {
    const first = large(60_000);
    const memory = first.bytes;
    first.reset();
    assert.notEqual(first.bytes, memory);
    const next = large(20_000);
    assert.ok(next.bytes === memory, "it is the same"); // not equal(): telling the difference of two takes gigabytes
    assert.equal(next.count, 20);
    assert.equal(next.valueText(19), "v".repeat(1_000));
    next.reset();
  });

  it("is not that of two at a time", () => {
    const lists = Array.from({ length: 12 }, () => large(60_000));
    assert.equal(new Set(lists.map(({ bytes }) => bytes)).size, 12);
    for (const list of lists) list.reset();
    const again = Array.from({ length: 12 }, () => large(60_000));
    assert.equal(new Set(again.map(({ bytes }) => bytes)).size, 12);
    assert.equal(again.filter(({ bytes }) => lists.some((one) => one.bytes === bytes)).length, 0);
    for (const list of again) list.reset();
  });

  it("is let go when it is greater than heads are by default", () => {
    const huge = large(400_000);
    const memory = huge.bytes;
    huge.reset();
    assert.notEqual(large(400_000).bytes, memory);
  });
});
