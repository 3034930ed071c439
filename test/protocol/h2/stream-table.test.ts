import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { Http2Stream } from "../../../src/protocol/h2/stream.ts";
import { StreamTable } from "../../../src/protocol/h2/stream-table.ts";

function stream(streamId: number): Http2Stream {
  return { streamId } as Http2Stream;
}

describe("the table of open streams", () => {
  it("finds what a Map finds after any openings and endings", () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 200 }), opens: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new StreamTable();
        const model = new Map<number, Http2Stream>();
        for (const { id, opens } of steps) {
          // Ids a whole table apart share a slot.
          const streamId = 1 + 2 * ((id % 20) * 32 + (id >> 5));
          if (opens && !model.has(streamId)) {
            const one = stream(streamId);
            model.set(streamId, one);
            table.add(one);
          } else if (!opens) assert.equal(table.delete(streamId), model.delete(streamId));
        }
        assert.equal(table.size, model.size);
        for (let id = 0; id <= 200; id++) {
          const streamId = 1 + 2 * ((id % 20) * 32 + (id >> 5));
          assert.equal(table.get(streamId), model.get(streamId));
        }
        assert.deepEqual(
          table.list().map(({ streamId }) => streamId),
          [...model.keys()].sort((a, b) => a - b),
        );
      }),
    );
  });
});
