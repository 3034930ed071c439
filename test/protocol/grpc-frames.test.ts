import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { GrpcFrameCounter } from "../../src/protocol/grpc-frames.ts";

describe("gRPC messages in a body", () => {
  it("are counted alike however the bytes are cut", () => {
    const sizes = fc.array(fc.nat(40), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(200), { maxLength: 10 }), (lengths, cuts) => {
        const body = Buffer.concat(
          lengths.map((length) => {
            const frame = Buffer.alloc(5 + length, 1);
            frame.writeUInt32BE(length, 1);
            return frame;
          }),
        );
        const counter = new GrpcFrameCounter();
        const places = [...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
        let at = 0;
        let counted = 0;
        for (const place of places) {
          counted += counter.count(body, at, place);
          at = place;
        }
        assert.equal(counted, lengths.length);
      }),
    );
  });
});
