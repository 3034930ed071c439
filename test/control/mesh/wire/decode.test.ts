import assert from "node:assert/strict";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Decoded, decode } from "../../../../src/control/mesh/wire/decode.ts";
import { encode, encodeChanges } from "../../../../src/control/mesh/wire/encode.ts";
import type { Beat, Change, Changes, MeshMessage, SyncPage } from "../../../../src/control/mesh/wire/messages.ts";
import { message as anyMessage } from "../../../support/mesh-messages.ts";

const SPEAKER = { node: "front", instance: "000102030405060708090a0b0c0d0e0f", epoch: 3 };
const GROUP = "00000000000000aa";
const ENTRY: Change = {
  type: "entry",
  group: GROUP,
  target: "0123456789abcdef",
  hold: "claim",
  standing: "unhealthy",
  transition: 7,
  cause: "scheduled",
  ageMs: 250,
};
const BEAT: Beat = {
  type: "beat",
  ...SPEAKER,
  sequence: 9,
  phase: "serving",
  roles: ["proxy", "health"],
  zone: "a",
  adminAddress: "192.0.2.1:9901",
  judgeAgeMs: 12,
  isResigned: false,
  reportsLoad: false,
  number: 80,
  digest: "fedcba9876543210",
  changes: Array.from({ length: 64 }, () => ENTRY),
  epochs: [{ node: "back", epoch: 2 }],
};

const bytesOf = (message: MeshMessage): Uint8Array =>
  message.type === "changes" ? (encodeChanges(message)[0] as Uint8Array) : encode(message);
const outcomeOf = (payload: Uint8Array): string => {
  const result = decode(payload);
  return result.kind === "message" ? result.message.type : `${result.reason}: ${result.detail}`;
};

/** Everything that a rejection may say: anything else is a mistake of the decoder's own. */
const KNOWN_DETAIL = new RegExp(
  [
    "^no version$|^version |^\\d+ bytes$|^too many in a list$|^more words than there are$",
    " has another type$| ends inside of a field$| of two kinds$| of an unknown kind$",
    "^(message|body|beat|changes|sync-request|sync-page|entry|released|group|group-left|answer|doubt|epoch|hello|left)(\\.\\w+)?$",
    "^premature EOF$|^invalid varint$|^illegal tag: |^cant skip wire type |^invalid end group tag$|^maximum recursion",
    "^The encoded data was not valid for encoding utf-8$|^Offset is outside the bounds of the DataView$",
  ].join("|"),
);

function assertKnown(result: Decoded): void {
  if (result.kind === "rejected") assert.match(result.detail, KNOWN_DETAIL);
}

describe("decoding a message of the mesh", () => {
  it("gives what was encoded", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        assert.deepEqual(decode(bytesOf(message)), { kind: "message", message });
      }),
      { numRuns: 500 },
    );
  });

  it("keeps nothing of the bytes", () => {
    const payload = bytesOf(BEAT);
    const result = decode(payload);
    payload.fill(0);
    assert.deepEqual(result, { kind: "message", message: BEAT });
  });

  it("skips fields that it does not know", () => {
    const writer = new BinaryWriter().tag(900, WireType.LengthDelimited).string("x").tag(901, WireType.Bit64);
    const more = writer.fixed64(1n).tag(902, WireType.Varint).uint32(1).finish();
    assert.deepEqual(decode(Buffer.concat([bytesOf(BEAT), more])), { kind: "message", message: BEAT });
  });
});

describe("rejecting bytes", () => {
  const good = bytesOf(BEAT);
  const rows: readonly (readonly [what: string, payload: Uint8Array, outcome: string])[] = [
    ["nothing", new Uint8Array(0), "malformed: no version"],
    ["text", Buffer.from("hello"), "malformed: no version"],
    ["the next version", Buffer.concat([Buffer.from([8, 2]), good.subarray(2)]), "unknown-version: version 2"],
    ["half a version", Buffer.from([8]), "unknown-version: version undefined"],
    ["a second version", Buffer.concat([good, Buffer.from([8, 2])]), "out-of-range: message.version"],
    ["no body", good.subarray(0, 30), "malformed: premature EOF"],
    ["more than 64 KiB", Buffer.concat([good, Buffer.alloc(65_536)]), `too-large: ${good.length + 65_536} bytes`],
    ["an empty message", Buffer.from([8, 1]), "out-of-range: message.node"],
  ];
  for (const [what, payload, outcome] of rows) it(what, () => assert.equal(outcomeOf(payload), outcome));

  const head = new BinaryWriter().tag(1, WireType.Varint).uint32(1).tag(2, WireType.LengthDelimited).string("n");
  head.tag(3, WireType.LengthDelimited).bytes(Buffer.alloc(16)).tag(4, WireType.Varint).uint32(1);
  const start = head.finish();
  const nest = (number: number, ...parts: Uint8Array[]): Uint8Array =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(Buffer.concat(parts)).finish();
  const varint = (number: number, value: number): Uint8Array =>
    new BinaryWriter().tag(number, WireType.Varint).uint64(value).finish();
  const fixed = (number: number): Uint8Array => new BinaryWriter().tag(number, WireType.Bit64).fixed64(1n).finish();
  const ENTRY_HEAD = [fixed(1), fixed(2)];
  const bodies: readonly (readonly [what: string, body: Uint8Array, outcome: string])[] = [
    ["a body of an unknown kind", nest(5, nest(99)), "out-of-range: body of an unknown kind"],
    ["two bodies in one", nest(5, nest(1), nest(3)), "malformed: body of two kinds"],
    ["a body that is a number", varint(5, 1), "malformed: message.body has another type"],
    ["a kind that is a number", nest(5, varint(1, 1)), "malformed: body has another type"],
    ["changes without a change", nest(5, nest(4, varint(1, 1))), "out-of-range: changes.changes"],
    ["a change of an unknown kind", nest(5, nest(4, varint(1, 1), nest(2))), "out-of-range: change of an unknown kind"],
    [
      "an observation without a standing",
      nest(5, nest(4, varint(1, 1), nest(2, nest(1, ...ENTRY_HEAD, varint(3, 2), varint(6, 1))))),
      "out-of-range: entry",
    ],
    [
      "a hold that there is not",
      nest(5, nest(4, varint(1, 1), nest(2, nest(1, ...ENTRY_HEAD, varint(3, 4), varint(6, 1))))),
      "out-of-range: entry.hold",
    ],
    [
      "an age beyond every age",
      nest(5, nest(4, varint(1, 1), nest(2, nest(2, ...ENTRY_HEAD, varint(3, 2_000_000_000))))),
      "out-of-range: released.ageMs",
    ],
    ["a number beyond every number", nest(5, nest(5, varint(1, 2 ** 48))), "out-of-range: sync-request.number"],
    ["a page of nothing", nest(5, nest(6, varint(4, 1))), "out-of-range: sync-page"],
    [
      "a page with doubts",
      nest(5, nest(6, varint(4, 1), nest(5, nest(6, ...ENTRY_HEAD, varint(3, 1))))),
      "out-of-range: sync-page",
    ],
    ["a length that leaves its message", nest(5, nest(4, Buffer.from([18, 90]))), "malformed: premature EOF"],
    [
      "a nested length that leaves its outer one",
      nest(5, Buffer.from([34, 6]), varint(1, 1), nest(2, nest(4, fixed(1)))),
      "malformed: changes ends inside of a field",
    ],
  ];
  for (const [what, body, outcome] of bodies) {
    it(what, () => assert.equal(outcomeOf(Buffer.concat([start, body])), outcome));
  }

  it("a list of 100,000 entries, as of one too many, without reading them all", () => {
    const many = nest(
      5,
      nest(4, varint(1, 1), Buffer.concat(Array.from({ length: 30_000 }, () => Buffer.from([18, 0])))),
    );
    assert.equal(outcomeOf(Buffer.concat([start, many])), "out-of-range: change of an unknown kind");
    const left = nest(2, nest(4, fixed(1)));
    const thousand = Array.from({ length: 1_000 }, () => left);
    assert.equal(outcomeOf(Buffer.concat([start, nest(5, nest(4, varint(1, 1), ...thousand))])), "changes");
    const more = nest(5, nest(4, varint(1, 1), ...thousand, left));
    assert.equal(outcomeOf(Buffer.concat([start, more])), "out-of-range: too many in a list");
    const hugest = Buffer.concat([
      start,
      nest(5, nest(4, varint(1, 1), ...Array.from({ length: 100_000 }, () => left))),
    ]);
    assert.equal(outcomeOf(hugest), `too-large: ${hugest.length} bytes`);
  });
});

describe("hostile bytes never make the decoder throw", () => {
  const page: SyncPage = {
    type: "sync-page",
    ...SPEAKER,
    number: 5,
    digest: GROUP,
    from: 0,
    total: 2,
    items: [ENTRY, { type: "group", group: GROUP, hasTraffic: true }],
  };
  const changes: Changes = {
    type: "changes",
    ...SPEAKER,
    group: GROUP,
    first: 4,
    changes: [
      ENTRY,
      { type: "released", group: GROUP, target: GROUP, ageMs: 5 },
      { type: "answer", group: GROUP, target: GROUP, observer: "b\u00e4ck", transition: 1, isConfirmed: true },
      { type: "doubt", group: GROUP, target: GROUP, evidence: "reset" },
      { type: "group-left", group: GROUP },
    ],
  };
  const beat = bytesOf({ ...BEAT, changes: BEAT.changes.slice(0, 4) });
  const payloads = [beat, bytesOf(page), bytesOf(changes), bytesOf({ type: "hello", ...SPEAKER })];

  it("truncated at each byte", () => {
    for (const payload of payloads) {
      for (let at = 0; at < payload.length; at++) {
        const result = decode(payload.subarray(0, at));
        assert.equal(result.kind, "rejected");
        assertKnown(result);
      }
    }
  });

  it("with each bit turned", () => {
    for (const payload of payloads) {
      for (let bit = 0; bit < payload.length * 8; bit++) {
        const turned = Uint8Array.from(payload);
        turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7));
        assertKnown(decode(turned));
      }
    }
  });

  it("cut together from two messages, or at random", () => {
    const any = fc.constantFrom(...payloads);
    fc.assert(
      fc.property(
        any,
        any,
        fc.nat(5_000),
        fc.nat(5_000),
        fc.uint8Array({ maxLength: 20 }),
        (a, b, from, to, between) => {
          const head = a.subarray(0, from % a.length);
          assertKnown(decode(Buffer.concat([head, between, b.subarray(to % b.length)])));
        },
      ),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assertKnown(decode(Buffer.concat([Buffer.from([8, 1]), bytes])));
      }),
      { numRuns: 5_000 },
    );
  });

  it("of 64 KiB of any one byte", () => {
    for (let byte = 0; byte < 256; byte++) {
      const payload = new Uint8Array(65_536).fill(byte);
      payload.set([8, 1]);
      const result = decode(payload);
      assert.equal(result.kind, "rejected");
      assertKnown(result);
    }
  });
});
