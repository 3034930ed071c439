import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Base64Reader, FrameTextWriter } from "../../../../src/dataplane/filters/grpc-web/base64.ts";

/** Calls with each piece of `bytes` between the cuts. */
function inPieces(bytes: Uint8Array, cuts: readonly number[], call: (start: number, end: number) => void): void {
  const places = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [i, end] of places.entries()) call(places[i - 1] ?? 0, end);
}

function frame(payload: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

const cuts = fc.array(fc.nat(300), { maxLength: 12 });
const payloads = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });

describe("base64 of gRPC-Web", () => {
  it("reads a text however it is cut, padded once or message by message", () => {
    fc.assert(
      fc.property(payloads, fc.boolean(), cuts, (messages, each, places) => {
        const frames = messages.map(frame);
        const texts = each ? frames.map((one) => one.toString("base64")) : [Buffer.concat(frames).toString("base64")];
        const text = Buffer.from(texts.join(""));
        const reader = new Base64Reader();
        const parts: Buffer[] = [];
        inPieces(text, places, (start, end) => parts.push(reader.read(text, start, end) ?? Buffer.from("not base64")));
        assert.deepEqual(Buffer.concat(parts), Buffer.concat(frames));
        assert.equal(reader.isWithin(), false);
      }),
    );
  });

  it("knows what is none, and a group that is not whole", () => {
    const read = (text: string): Buffer | null => new Base64Reader().read(Buffer.from(text), 0, text.length);
    assert.deepEqual(["!!!!", "A===", "AB=C", "AA A"].map(read), [null, null, null, null]);
    const reader = new Base64Reader();
    assert.deepEqual(reader.read(Buffer.from("AAAAA"), 0, 5), Buffer.alloc(3));
    assert.equal(reader.isWithin(), true);
  });

  it("writes each frame as a text of its own however the bytes are cut", () => {
    fc.assert(
      fc.property(payloads, cuts, (messages, places) => {
        const frames = messages.map(frame);
        const bytes = Buffer.concat(frames);
        const writer = new FrameTextWriter();
        let text = "";
        inPieces(bytes, places, (start, end) => {
          text += writer.write(bytes, start, end);
        });
        assert.equal(text, frames.map((one) => one.toString("base64")).join(""));
      }),
    );
  });
});
