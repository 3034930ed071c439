// HPACK beyond the RFC's examples: what is refused, what is indexed, and what any peer may throw at it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { writeFields } from "../../../../src/protocol/h2/frames/fields.ts";
import {
  huffmanDecode,
  huffmanDecodedMax,
  huffmanEncode,
  huffmanLength,
} from "../../../../src/protocol/h2/hpack/huffman.ts";
import { hex, type Pair, PairDecoder, PairEncoder } from "../support/hpack.ts";
import { headOf } from "../support/probe.ts";

function huffman(text: Uint8Array): Buffer {
  const coded = Buffer.alloc(huffmanLength(text, 0, text.length));
  assert.equal(huffmanEncode(text, 0, text.length, coded, 0), coded.length);
  return coded;
}

function unhuffman(coded: Uint8Array): Buffer | null {
  const plain = Buffer.alloc(huffmanDecodedMax(coded.length));
  const end = huffmanDecode(coded, 0, coded.length, plain, 0);
  return end < 0 ? null : plain.subarray(0, end);
}

describe("Huffman coding", () => {
  it("decodes what it encodes, whatever the bytes", () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = Buffer.of(byte, 0x61, byte, byte);
      assert.deepEqual(unhuffman(huffman(text)), text);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (text) => {
        assert.deepEqual(unhuffman(huffman(text)), Buffer.from(text));
      }),
    );
  });

  it("refuses padding that is too long or not ones, and the end-of-string symbol", () => {
    assert.deepEqual(unhuffman(hex("1f")), Buffer.from("a"));
    assert.equal(unhuffman(hex("18")), null, "padding of zeros");
    assert.equal(unhuffman(hex("1fff")), null, "eight bits more than needed");
    assert.equal(unhuffman(hex("ffffffff")), null, "end of string");
    assert.equal(unhuffman(hex("ff")), null, "nothing but padding of a whole byte");
    assert.equal(unhuffman(hex("fffffffc")), null);
  });

  it("never writes beyond its bound on garbage", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (coded) => void unhuffman(coded)));
  });
});

describe("HPACK decoding", () => {
  const FAULTS: readonly (readonly [name: string, wire: string, cite: string])[] = [
    ["index 0", "80", "RFC 7541 §2.3.3"],
    ["an index beyond both tables", "be", "RFC 7541 §2.3.3"],
    ["a name index beyond both tables", "7e 01 61", "RFC 7541 §2.3.3"],
    ["an integer that never ends", "ff 80 80 80 80 80 80 01", "RFC 7541 §2.3.3"],
    ["a length above 2^28", "00 7f ff ff ff ff 7f", "RFC 7541 §5.2"],
    ["a string longer than the block", "00 05 61", "RFC 7541 §5.2"],
    ["a block that ends inside a field", "00", "RFC 7541 §5.2"],
    ["a wrong Huffman code", "00 81 00 00", "RFC 7541 §5.2"],
    ["a size update above what was announced", "3f e2 1f", "RFC 7541 §6.3"],
    ["a size update behind a field", "82 20", "RFC 7541 §6.3"],
  ];
  for (const [name, wire, cite] of FAULTS) {
    it(`refuses ${name}`, () => assert.equal(new PairDecoder().fault(hex(wire)), cite));
  }

  it("demands a size update when we have announced a smaller table", () => {
    const late = new PairDecoder();
    late.decoder.acknowledge(100);
    assert.equal(late.fault(hex("82")), "RFC 7541 §4.2");
    const right = new PairDecoder();
    right.decoder.acknowledge(100);
    assert.equal(right.fault(hex("3f 45 82")), "");
    assert.equal(right.fault(hex("3f 46 82")), "RFC 7541 §6.3");
  });

  it("takes a name from an entry that its own insertion evicts", () => {
    const decoder = new PairDecoder(64);
    decoder.decoder.acknowledge(64);
    assert.deepEqual(decoder.decode(hex("3f21 40 03 6b6579 03 6f6e65")), [["key", "one"]]);
    assert.deepEqual(decoder.decode(hex("7e 03 74776f")), [["key", "two"]]);
    assert.deepEqual(decoder.decode(hex("be")), [["key", "two"]]);
    assert.equal(decoder.fault(hex("bf")), "RFC 7541 §2.3.3");
  });

  it("empties the table for a field that is greater than it", () => {
    const decoder = new PairDecoder();
    decoder.decode(hex("3f21 40 01 61 01 62"));
    const long = Buffer.concat([hex("40 01 63 40"), Buffer.alloc(64, "x")]);
    assert.deepEqual(decoder.decode(long), [["c", "x".repeat(64)]]);
    assert.equal(decoder.fault(hex("be")), "RFC 7541 §2.3.3");
  });

  it("never throws on garbage", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (blocks) => {
        const decoder = new PairDecoder();
        for (const block of blocks) decoder.fault(Buffer.from(block));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("HPACK encoding", () => {
  const encode = (encoder: PairEncoder, pairs: readonly Pair[]): number => encoder.encode(pairs).length;

  it("takes one byte for a field that it sees the third time", () => {
    const encoder = new PairEncoder();
    const sizes = [1, 2, 3, 4].map(() => encode(encoder, [["x-tenant", "t-42"]]));
    assert.ok((sizes[0] as number) > 10 && (sizes[1] as number) > 5);
    assert.deepEqual(sizes.slice(2), [1, 1]);
  });

  it("comes to one byte for every field of any head that repeats", () => {
    const pairs = (seed: number, count: number): Pair[] =>
      Array.from({ length: count }, (_, i): Pair => [i % 2 === 0 ? `x-${seed}-${i}` : "accept", `value-${seed}-${i}`]);
    for (let seed = 0; seed < 200; seed++) {
      const encoder = new PairEncoder();
      for (let i = 0; i < 12; i++) encode(encoder, pairs(seed, 20));
      assert.equal(encode(encoder, pairs(seed, 20)), 20, `seed ${seed}`);
    }
  });

  it("indexes these two of one answer, which once pushed each other out", () => {
    const encoder = new PairEncoder();
    const head: readonly Pair[] = [
      ["content-type", "text/plain"],
      ["content-length", "39"],
    ];
    for (let i = 0; i < 4; i++) encode(encoder, head);
    assert.equal(encode(encoder, head), 2);
  });

  it("does not let values that never repeat push out those that do", () => {
    const encoder = new PairEncoder();
    for (let i = 0; i < 3; i++) encode(encoder, [["x-tenant", "t-42"]]);
    for (let i = 0; i < 500; i++) encode(encoder, [["x-request-id", `id-${i}-${"x".repeat(40)}`]]);
    assert.equal(encode(encoder, [["x-tenant", "t-42"]]), 1);
  });

  it("never indexes credentials, set-cookie and short cookies", () => {
    const encoder = new PairEncoder().encoder;
    const sensitive = ["authorization", "proxy-authorization", "set-cookie", "cookie"];
    for (const name of sensitive) {
      const list = headOf([[name, "short-secret"]]);
      for (let i = 0; i < 3; i++) {
        const to = Buffer.alloc(100);
        encoder.begin(to, 0);
        writeFields(encoder, list);
        assert.equal((to[0] as number) & 0xf0, 0x10, `${name}, time ${i}`);
      }
    }
  });

  it("puts pseudo-headers first wherever a filter left them", () => {
    const encoder = new PairEncoder().encoder;
    const to = Buffer.alloc(200);
    const list = headOf([
      [":method", "GET"],
      ["via", "1"],
      [":path", "/x"],
      ["x-a", "b"],
      [":authority", "a.test"],
    ]);
    encoder.begin(to, 0);
    writeFields(encoder, list);
    assert.deepEqual(new PairDecoder().decode(to.subarray(0, encoder.end)), [
      [":method", "GET"],
      [":path", "/x"],
      [":authority", "a.test"],
      ["via", "1"],
      ["x-a", "b"],
    ]);
  });

  it("announces the least and the last of the table sizes that the peer allowed", () => {
    const encoder = new PairEncoder();
    const decoder = new PairDecoder();
    const field: Pair = ["x-tenant", "t-42"];
    for (let i = 0; i < 3; i++) decoder.decode(encoder.encode([field]));
    encoder.encoder.allow(0);
    encoder.encoder.allow(100);
    const block = encoder.encode([field]);
    assert.equal(block.subarray(0, 3).toString("hex"), "203f45");
    decoder.decoder.acknowledge(100);
    assert.deepEqual(decoder.decode(block), [field]);
  });

  it("stays in step with a decoder over any fields and table sizes", () => {
    const name = fc.oneof(
      fc.constantFrom(":path", "accept", "x-request-id", "date", "server"),
      fc.stringMatching(/^[a-f]{1,3}$/),
    );
    const field = fc.tuple(name, fc.oneof(fc.stringMatching(/^[a-c]{0,2}$/), fc.stringMatching(/^[ -~]{0,90}$/)));
    const step = fc.record({
      fields: fc.array(field, { maxLength: 12 }),
      table: fc.option(fc.nat(5_000), { freq: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const encoder = new PairEncoder();
        const decoder = new PairDecoder(5_000);
        decoder.decoder.acknowledge(5_000);
        for (const { fields, table } of steps) {
          if (table !== null) encoder.encoder.allow(table);
          assert.deepEqual(decoder.decode(encoder.encode(fields)), fields);
        }
      }),
      { numRuns: 300 },
    );
  });
});
