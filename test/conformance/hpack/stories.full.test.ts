// Every HPACK story decodes to its headers, and what our encoder makes of the same headers decodes back.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { type Pair, PairDecoder, PairEncoder } from "../../protocol/h2/support/hpack.ts";
import { fetchStories, type StoryCase, storiesOf, storyWriters } from "./stories.ts";

const CASES_EXPECTED = 47_142;

function pairsOf(storyCase: StoryCase): Pair[] {
  return storyCase.headers.flatMap((header) =>
    Object.entries(header).map(([name, value]): Pair => [name, Buffer.from(value, "utf8").toString("latin1")]),
  );
}

describe("HPACK stories", () => {
  before(function () {
    this.timeout(180_000);
    const missing = fetchStories();
    if (missing === null) return;
    assert.notEqual(process.env["CI"], "true", missing);
    console.log(`      skipped: ${missing}`);
    this.skip();
  });

  it(`decodes all ${CASES_EXPECTED} blocks to their headers`, () => {
    let cases = 0;
    for (const story of storyWriters().flatMap(storiesOf)) {
      const decoder = new PairDecoder();
      for (const [index, storyCase] of story.cases.entries()) {
        if (typeof storyCase.header_table_size === "number") decoder.decoder.acknowledge(storyCase.header_table_size);
        const pairs = decoder.decode(Buffer.from(storyCase.wire, "hex"));
        assert.deepEqual(pairs, pairsOf(storyCase), `${story.name} case ${index}`);
        cases++;
      }
    }
    assert.equal(cases, CASES_EXPECTED);
  });

  for (const tableBytesMax of [4096, 0, 256]) {
    it(`encodes the headers of every story with a table of ${tableBytesMax} bytes to blocks that decode to them`, () => {
      for (const story of storiesOf("nghttp2")) {
        const encoder = new PairEncoder(tableBytesMax);
        const decoder = new PairDecoder(tableBytesMax);
        for (const [index, storyCase] of story.cases.entries()) {
          const pairs = pairsOf(storyCase);
          assert.deepEqual(decoder.decode(encoder.encode(pairs)), pairs, `${story.name} case ${index}`);
        }
      }
    });
  }
});
