import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { TextSearch } from "../../../../src/control/health/prober/text-search.ts";
import { bytesOf } from "../../../support/check-plans.ts";

describe("the search for texts in a stream", () => {
  it("finds the same whatever the pieces are", () => {
    const stream = bytesOf("--aab-ab-abc-abc--x");
    const cases = [
      { texts: ["aab", "abc", "abc", "x"], found: true },
      { texts: ["ab-abc"], found: true },
      { texts: ["abc", "abc", "abc"], found: false },
      { texts: ["x", "a"], found: false },
      { texts: ["aaab"], found: false },
    ];
    for (const { texts, found } of cases) {
      for (let size = 1; size <= stream.length; size++) {
        const search = new TextSearch(texts.map(bytesOf), Number.POSITIVE_INFINITY);
        for (let at = 0; at < stream.length; at += size) search.feed(stream, at, Math.min(at + size, stream.length));
        assert.equal(search.isDone, found, `${texts} in pieces of ${size}`);
      }
    }
  });

  it("looks at so many bytes and no more", () => {
    const search = new TextSearch([bytesOf("cd")], 4);
    search.feed(bytesOf("abc"), 0, 3);
    search.feed(bytesOf("d"), 0, 1);
    assert.equal(search.isDone, true);
    search.begin();
    search.feed(bytesOf("abbc"), 0, 4);
    search.feed(bytesOf("d"), 0, 1);
    assert.equal(search.isDone, false);
  });

  it("uses no byte for two texts", () => {
    const search = new TextSearch([bytesOf("ab"), bytesOf("bc")], 100);
    search.feed(bytesOf("abc"), 0, 3);
    assert.equal(search.isDone, false);
    search.feed(bytesOf("bc"), 0, 2);
    assert.equal(search.isDone, true);
  });
});
