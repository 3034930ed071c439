import assert from "node:assert/strict";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, it } from "mocha";
import { ipText, parseIp } from "../../../../src/base/ip-address.ts";
import { type AnnouncedEndpoint, announcedHost } from "../../../../src/config/plan/announcement.ts";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
} from "../../../../src/control/mesh/wire/announcement.ts";
import { COUNT_MAX } from "../../../../src/control/mesh/wire/messages.ts";

const ENDPOINT: AnnouncedEndpoint = {
  host: "192.0.2.1",
  port: 8080,
  weight: 3,
  locality: { region: "r", zone: "z", subZone: "s" },
  metadata: { "envoy.lb": { stage: "next" } },
};

const PLAIN: Announcement = {
  node: "node-a",
  instance: "0123456789abcdef0123456789abcdef",
  sequence: 7,
  service: "shop.orders",
  endpoints: [ENDPOINT],
};

function encoded(more: Partial<Announcement>): Uint8Array {
  return encodeAnnouncement({ ...PLAIN, ...more });
}

/** The plain announcement, and then one field again with another value: the last one counts. */
function but(field: number, value: string | Uint8Array | number | bigint): Uint8Array {
  const writer = new BinaryWriter().raw(encoded({}));
  write(writer, field, value);
  return writer.finish();
}

/** An announcement with an endpoint of these fields, so often: number, then text, bytes or number. */
function handmade(fields: readonly (readonly [number, string | Uint8Array | number])[], times: number = 1): Uint8Array {
  const inner = new BinaryWriter();
  for (const [field, value] of fields) write(inner, field, value);
  const endpoint = inner.finish();
  const writer = new BinaryWriter().raw(encoded({ endpoints: [] }));
  for (let i = 0; i < times; i++) write(writer, 6, endpoint);
  return writer.finish();
}

function write(writer: BinaryWriter, field: number, value: string | Uint8Array | number | bigint): void {
  if (typeof value === "number" || typeof value === "bigint") writer.tag(field, WireType.Varint).uint64(value);
  else if (typeof value === "string") writer.tag(field, WireType.LengthDelimited).string(value);
  else writer.tag(field, WireType.LengthDelimited).bytes(value);
}

const V4 = Uint8Array.of(192, 0, 2, 1);

describe("an announcement on the wire", () => {
  it("comes out as it went in", () => {
    const name = fc.string({ minLength: 1, maxLength: 60, unit: fc.constantFrom("a", "-", ".", "é", "字") });
    const host = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => announcedHost(text));
    const endpoint = fc.record({
      host: host.filter((text) => typeof text === "string"),
      port: fc.integer({ min: 1, max: 65_535 }),
      weight: fc.integer({ min: 1, max: 65_535 }),
      locality: fc.record({ region: name, zone: name, subZone: fc.constant("") }),
      metadata: fc.dictionary(name, fc.dictionary(name, fc.oneof(fc.boolean(), fc.integer(), name)), { maxKeys: 2 }),
    });
    const announcement = fc.record({
      node: name.filter((text) => Buffer.byteLength(text) <= 64),
      instance: fc.constant(PLAIN.instance),
      sequence: fc.integer({ min: 1, max: COUNT_MAX }),
      service: name,
      endpoints: fc.uniqueArray(endpoint, { maxLength: 32, selector: ({ host, port }) => `${host} ${port}` }),
    });
    fc.assert(
      fc.property(announcement, (one) =>
        assert.deepEqual(JSON.stringify(decodeAnnouncement(encodeAnnouncement(one))), JSON.stringify(one)),
      ),
    );
  });

  it("fits a message at its greatest", () => {
    const long = "x".repeat(255);
    const node = "n".repeat(64);
    const endpoints = Array.from({ length: 32 }, (_, at) => ({
      ...ENDPOINT,
      port: at + 1,
      locality: { region: long, zone: long, subZone: long },
      metadata: { a: { b: "x".repeat(1_000) } },
    }));
    const bytes = encoded({ node, service: long, endpoints });
    assert.ok(bytes.length < 65_536, `${bytes.length} bytes`);
    assert.equal(decodeAnnouncement(bytes)?.endpoints.length, 32);
  });

  it("is one with an endpoint of just an address, a port and a weight", () => {
    const read = decodeAnnouncement(
      handmade([
        [1, V4],
        [2, 80],
        [3, 1],
      ]),
    );
    const locality = { region: "", zone: "", subZone: "" };
    assert.deepEqual(read?.endpoints, [{ host: "192.0.2.1", port: 80, weight: 1, locality, metadata: {} }]);
  });

  it("may have fields that nobody knows yet", () => {
    const more = new BinaryWriter().raw(encoded({})).tag(99, WireType.LengthDelimited).string("later").finish();
    assert.deepEqual(decodeAnnouncement(more), PLAIN);
  });

  const address: readonly [number, Uint8Array] = [1, V4];
  const port: readonly [number, number] = [2, 80];
  const weight: readonly [number, number] = [3, 1];
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ["nothing", new Uint8Array(0)],
    ["another version", but(1, 2)],
    ["no node", but(2, "")],
    ["no service", but(5, "")],
    ["a name with a line break", but(2, "a\nb")],
    ["a node whose name is too long", but(2, "x".repeat(65))],
    ["a service whose name is too long", but(5, "x".repeat(256))],
    ["a name that is no UTF-8", but(2, Uint8Array.of(0xff))],
    ["an instance of another length", but(3, Uint8Array.of(1))],
    ["a sequence of 0", but(4, 0)],
    ["a number that is too large", but(4, 2n ** 60n)],
    ["33 endpoints", handmade([address, port, [3, 1]], 33)],
    ["one address twice", handmade([address, port, [3, 1]], 2)],
    ["an endpoint without an address", handmade([port, weight])],
    ["an endpoint without a port", handmade([address, weight])],
    ["a port beyond the last", handmade([address, [2, 65_536], weight])],
    ["a name for an address", handmade([[1, "example.com"], port, weight])],
    ["five bytes for an address", handmade([[1, Uint8Array.of(1, 2, 3, 4, 5)], port, weight])],
    ["the unspecified address", handmade([[1, new Uint8Array(4)], port, weight])],
    ["the unspecified IPv6 address", handmade([[1, new Uint8Array(16)], port, weight])],
    ["a multicast address", handmade([[1, Uint8Array.of(224, 0, 0, 1)], port, weight])],
    ["a link-local address", handmade([[1, Uint8Array.of(169, 254, 169, 254)], port, weight])],
    [
      "an IPv6 link-local address",
      handmade([[1, Uint8Array.from([0xfe, 0xb0, ...new Array<number>(14).fill(1)])], port, weight]),
    ],
    ["the broadcast address", handmade([[1, Uint8Array.of(255, 255, 255, 255)], port, weight])],
    [
      "an IPv6 multicast address",
      handmade([[1, Uint8Array.from([255, 2, ...new Array<number>(14).fill(1)])], port, weight]),
    ],
    ["a weight of 0", handmade([address, port, [3, 0]])],
    ["a weight beyond the greatest", handmade([address, port, [3, 65_536]])],
    ["a locality that is no text", handmade([address, port, weight, [4, Uint8Array.of(0xff)]])],
    ["metadata that is no JSON", handmade([address, port, weight, [7, "{"]])],
    ["metadata that is a list", handmade([address, port, weight, [7, "[]"]])],
    ["metadata without Structs", handmade([address, port, weight, [7, '{"a":1}']])],
    ["metadata that names a prototype", handmade([address, port, weight, [7, '{"__proto__":{}}']])],
    [
      "metadata that is too long",
      handmade([address, port, weight, [7, JSON.stringify({ a: { b: "x".repeat(1_024) } })]]),
    ],
    ["a port that is a text", handmade([address, [2, "80"], weight])],
    [
      "more than a message may have",
      new BinaryWriter().raw(encoded({})).tag(99, 2).bytes(new Uint8Array(65_536)).finish(),
    ],
  ];
  for (const [what, bytes] of refused) {
    it(`is none with ${what}`, () => assert.equal(decodeAnnouncement(bytes), null));
  }

  it("is none when its end is missing", () => {
    const bytes = encoded({});
    for (let end = 0; end < bytes.length; end++) {
      const read = decodeAnnouncement(bytes.subarray(0, end));
      assert.ok(read === null || read.endpoints.length === 0, `${end} of ${bytes.length} bytes`);
    }
  });

  it("is read from whatever bytes without a throw, and what is read obeys every rule", () => {
    const broken = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }).map((changes) => {
      const bytes = encoded({ endpoints: [ENDPOINT, { ...ENDPOINT, host: "2001:db8::1" }] });
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        for (const { host, port, weight } of decodeAnnouncement(bytes)?.endpoints ?? []) {
          assert.equal(announcedHost(host), host);
          assert.equal(ipText(parseIp(host) ?? new Uint8Array(4)), host);
          assert.ok(port > 0 && port < 65_536 && weight > 0 && weight < 65_536);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
