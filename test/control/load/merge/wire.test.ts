import assert from "node:assert/strict";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, it } from "mocha";
import { decodeLoad, encodeLoad, type LoadMessage } from "../../../../src/control/load/merge/wire.ts";
import { COUNT_MAX } from "../../../../src/control/mesh/wire/messages.ts";
import { anyLoad, cluster, endpoint, locality } from "./loads.ts";

const INSTANCE = "0123456789abcdef0123456789abcdef";
const COUNT = fc.nat(2 ** 31 - 1);
const HEX64 = fc.constantFrom("", "00000000000000a1");
const SPEAKER = { node: fc.string({ minLength: 1, maxLength: 16 }), instance: fc.constant(INSTANCE) };

const REQUEST = fc
  .record({
    type: fc.constant("load-request" as const),
    ...SPEAKER,
    floor: fc.integer({ min: 1, max: 9 }),
    batch: fc.option(
      fc.record({
        sequence: fc.integer({ min: 9, max: 99 }),
        isFirst: fc.boolean(),
        clusters: fc.array(anyLoad, { maxLength: 3 }),
      }),
    ),
    mayRepeat: fc.boolean(),
    knows: HEX64,
    gathers: HEX64,
    from: fc.nat(20_000),
  })
  .map((value): LoadMessage => value);

const REPLY = fc
  .record({
    type: fc.constant("load-reply" as const),
    ...SPEAKER,
    isReporter: fc.boolean(),
    accepted: fc.constant(COUNT_MAX),
    settled: COUNT,
    page: fc.option(
      fc.record({
        id: fc.constant("00000000000000a1"),
        sendsAll: fc.boolean(),
        intervalMs: fc.integer({ min: 1, max: 10_000 }),
        hasEndpoints: fc.boolean(),
        from: fc.nat(3),
        total: fc.integer({ min: 6, max: 20_000 }),
        names: fc.array(fc.string(), { maxLength: 3 }),
      }),
    ),
  })
  .map((value): LoadMessage => value);

const NOTE = fc
  .record({ type: fc.constant("load-note" as const), instance: fc.constant(INSTANCE), settled: COUNT })
  .map((value): LoadMessage => value);

const ANY: fc.Arbitrary<LoadMessage> = fc.oneof(REQUEST, REPLY, NOTE);

function request(more: Partial<Extract<LoadMessage, { type: "load-request" }>>): LoadMessage {
  const batch = { sequence: 3, isFirst: true, clusters: [cluster("c", [locality("z", [endpoint(80, [1, 2, 3, 4])])])] };
  const plain = { node: "a", instance: INSTANCE, floor: 1, batch, mayRepeat: false, knows: "", gathers: "", from: 0 };
  return { type: "load-request", ...plain, ...more };
}

function nest(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(Buffer.concat(parts)).finish();
}

function varint(number: number, value: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.Varint).uint64(value).finish();
}

/** A request from node `a` with these other fields. */
function handmade(...fields: readonly Uint8Array[]): Uint8Array {
  const who = [nest(1, Buffer.from("a")), nest(2, Buffer.alloc(16)), varint(3, 1)];
  return Buffer.concat([varint(1, 1), nest(2, nest(1, ...who, ...fields))]);
}

describe("what nodes say of load, on the wire", () => {
  it("comes out as it went in", () => {
    fc.assert(
      fc.property(ANY, (message) => assert.deepEqual(decodeLoad(encodeLoad(message)), structuredClone(message))),
      { numRuns: 300 },
    );
  });

  it("carries unix sockets", () => {
    const one = { ...endpoint(1, [1, 0, 1, 0]), address: { kind: "pipe", path: "@a", mode: 0 } as const };
    const batch = { sequence: 1, isFirst: false, clusters: [cluster("c", [locality("z", [one])])] };
    assert.deepEqual(decodeLoad(encodeLoad(request({ batch }))), request({ batch }));
  });

  it("is refused by its writer beyond its limits", () => {
    const batch = { sequence: 1, isFirst: true, clusters: [cluster("c".repeat(2_049), [])] };
    assert.throws(() => encodeLoad(request({ batch })), /cluster\.cluster/);
    assert.throws(() => encodeLoad(request({ floor: 4 })), /request/);
    assert.throws(() => encodeLoad({ type: "load-note", instance: "x", settled: 1 }), /note\.instance/);
  });

  const rows: readonly (readonly [string, Uint8Array])[] = [
    ["nothing", new Uint8Array(0)],
    ["another version", Buffer.concat([varint(1, 2), nest(2, nest(3, nest(1, Buffer.alloc(16))))])],
    ["no body", varint(1, 1)],
    ["an unknown kind", Buffer.concat([varint(1, 1), nest(2, nest(9))])],
    ["a batch without a number", handmade(nest(4, varint(2, 1)))],
    ["a batch before the floor", handmade(varint(3, 9), nest(4, varint(1, 8)))],
    ["a cluster without a name", handmade(nest(4, varint(1, 1), nest(3, varint(4, 1))))],
    [
      "an endpoint without an address",
      handmade(nest(4, varint(1, 1), nest(3, nest(1, Buffer.from("c")), nest(3, nest(9))))),
    ],
    [
      "a count beyond every count",
      handmade(nest(4, varint(1, 1), nest(3, nest(1, Buffer.from("c")), varint(4, 2 ** 48)))),
    ],
    ["64 KiB and more", Buffer.concat([encodeLoad(request({})), nest(99, Buffer.alloc(65_536))])],
    ["names without end", Buffer.concat([varint(1, 1), nest(2, nest(2, nest(6, ...Array(4_001).fill(nest(7)))))])],
  ];
  for (const [what, payload] of rows)
    it(`is nothing when it is ${what}`, () => assert.equal(decodeLoad(payload), null));

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeLoad(bytes)),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(ANY, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (message, flips) => {
        const bytes = Uint8Array.from(encodeLoad(message));
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        const read = decodeLoad(bytes);
        // What is read keeps the limits that its writer keeps.
        assert.ok(read === null || encodeLoad(read).length > 0);
      }),
      { numRuns: 2_000 },
    );
  });
});
