import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { MeshEvent } from "../../../../src/control/mesh/events/mesh-event.ts";
import { eventLine, readEvent } from "../../../../src/control/mesh/events/read-event.ts";
import { writeEvent } from "../../../../src/control/mesh/events/write-event.ts";
import { healthDown } from "../../../support/mesh-events.ts";

const SOURCE = { mesh: "default", node: "front~x7a2" };
const WALL_MS = Date.UTC(2026, 10, 21, 7, 14, 0, 123);

const DOWN: MeshEvent = healthDown({
  id: "00ff00ff00ff00ff",
  reason: "connection refused",
  observers: ["front~x7a2", "back"],
});

const written = (event: MeshEvent): string => Buffer.from(writeEvent(event, SOURCE, WALL_MS).payload).toString("utf8");
const lineOf = (payload: Uint8Array): string | null => {
  const event = readEvent(payload);
  return event && eventLine(event);
};
const lineOfJson = (json: unknown): string | null => lineOf(Buffer.from(JSON.stringify(json)));

describe("an event of the mesh in words", () => {
  it("is a CloudEvent 1.0 in structured JSON", () => {
    const { subject, payload, headers } = writeEvent(DOWN, SOURCE, WALL_MS);
    assert.equal(subject, "mesh.default.events.health.shop.192_0_2_1_8080");
    assert.deepEqual(headers, [["content-type", "application/cloudevents+json; charset=utf-8"]]);
    const { traceparent, ...rest } = JSON.parse(Buffer.from(payload).toString("utf8"));
    assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    assert.deepEqual(rest, {
      specversion: "1.0",
      id: "00ff00ff00ff00ff",
      source: "/starling/default/front~x7a2",
      type: "dev.starling.endpoint.health.changed.v1",
      subject: "shop/192.0.2.1:8080",
      time: "2026-11-21T07:14:00.123Z",
      datacontenttype: "application/json",
      data: {
        cluster: "shop",
        endpoint: "192.0.2.1:8080",
        from: "healthy",
        to: "unhealthy",
        reason: "connection refused",
        scope: "mesh",
        observers: ["front~x7a2", "back"],
      },
    });
  });

  it("has one trace from whichever node, and a span for each", () => {
    const parents = ["a", "b"].map((node) => {
      const { payload } = writeEvent(DOWN, { mesh: "default", node }, WALL_MS);
      return JSON.parse(Buffer.from(payload).toString("utf8")).traceparent.split("-") as string[];
    });
    assert.equal(parents[0]?.[1], parents[1]?.[1]);
    assert.notEqual(parents[0]?.[2], parents[1]?.[2]);
  });

  const node = { type: "node-changed", id: "n1", node: "back" } as const;
  const outlier = {
    type: "outlier-changed",
    id: "o1",
    cluster: "shop",
    endpoint: "192.0.2.1:8080",
    ejections: 2,
  } as const;
  const rows: readonly (readonly [event: MeshEvent, type: string, subject: string, line: string])[] = [
    [
      DOWN,
      "endpoint.health.changed",
      "health.shop.192_0_2_1_8080",
      "health   shop 192.0.2.1:8080: healthy -> unhealthy: connection refused, seen by front~x7a2, back",
    ],
    [
      { ...DOWN, from: null, to: "healthy", reason: "", scope: "node", observers: [] },
      "endpoint.health.changed",
      "health.shop.192_0_2_1_8080",
      "health   shop 192.0.2.1:8080: unknown -> healthy, for /starling/default/front~x7a2 only",
    ],
    [
      { ...outlier, change: "ejected", reason: "CONSECUTIVE_5XX" },
      "outlier.ejected",
      "outlier.shop.192_0_2_1_8080",
      "outlier  shop 192.0.2.1:8080: ejected on front~x7a2: CONSECUTIVE_5XX",
    ],
    [
      { ...outlier, change: "returned", reason: "" },
      "outlier.returned",
      "outlier.shop.192_0_2_1_8080",
      "outlier  shop 192.0.2.1:8080: returned on front~x7a2",
    ],
    [{ ...node, change: "joined" }, "node.joined", "node.back", "node     back joined"],
    [{ ...node, change: "lost" }, "node.lost", "node.back", "node     back lost"],
    [
      { type: "worker-changed", id: "w1", worker: "listener-0", change: "crashed", reason: "out of memory" },
      "worker.crashed",
      "worker.front_x7a2",
      "worker   listener-0 on front~x7a2 crashed: out of memory",
    ],
    [
      { type: "config-changed", id: "c1", change: "refused", version: "2", errors: ["a.yaml:1:2 x: wrong", "b"] },
      "config.refused",
      "config.front_x7a2",
      "config   front~x7a2 refused version 2: a.yaml:1:2 x: wrong; b",
    ],
  ];
  for (const [event, type, subject, line] of rows) {
    it(`${type}: ${line}`, () => {
      const message = writeEvent(event, SOURCE, WALL_MS);
      assert.equal(readEvent(message.payload)?.type, `dev.starling.${type}.v1`);
      assert.equal(message.subject, `mesh.default.events.${subject}`);
      assert.equal(lineOf(message.payload), `2026-11-21T07:14:00.123Z  ${line}`);
    });
  }

  it("fits into a message of the bus whatever its texts are, and is read again", () => {
    const wide = fc.constantFrom("\u0000", "\ud800", "\u{1f426}", "漢", '"', "a").map((unit) => unit.repeat(5_000));
    const texts = fc.array(wide, { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(wide, wide, wide, texts, (id, name, reason, many) => {
        const source = { mesh: name, node: name };
        const events: MeshEvent[] = [
          { ...DOWN, id, cluster: name, endpoint: name, reason, observers: many },
          { type: "config-changed", id, change: "refused", version: name, errors: many },
          { ...node, id, node: name, change: "joined" },
          { type: "worker-changed", id, worker: name, change: "crashed", reason },
        ];
        for (const event of events) {
          const { payload, subject } = writeEvent(event, source, WALL_MS);
          assert.ok(payload.length <= 65_536, `${payload.length} bytes`);
          assert.ok(subject.length < 400);
          assert.notEqual(readEvent(payload), null);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("reading events", () => {
  const good = { specversion: "1.0", id: "1", type: "com.example.thing.v1", source: "/x", subject: "s" };

  it("shows types it does not know by name and subject", () => {
    assert.equal(lineOfJson(good), "(no time)  com.example.thing.v1 s");
  });

  const bad: readonly (readonly [what: string, json: unknown])[] = [
    ["no object", [good]],
    ["another version", { ...good, specversion: "0.3" }],
    ["an id that is no text", { ...good, id: 1 }],
    ["no type", { ...good, type: "" }],
    ["no source", { ...good, source: undefined }],
  ];
  for (const [what, json] of bad) it(`refuses ${what}`, () => assert.equal(lineOfJson(json), null));

  it("refuses what is no JSON, and nests as deep as it likes", () => {
    assert.equal(readEvent(Buffer.from("{")), null);
    assert.equal(readEvent(Buffer.alloc(0)), null);
    assert.equal(readEvent(Buffer.from("[".repeat(65_536))), null);
    const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    const event = readEvent(Buffer.from(JSON.stringify(good).replace("{", `{"data":${deep},`)));
    assert.equal(event?.json.includes(deep), true);
  });

  it("takes data of any shape for what it is", () => {
    const type = "dev.starling.endpoint.health.changed.v1";
    for (const data of [null, 7, "x", [], { cluster: {}, observers: 1 }, { observers: [1, "a"] }]) {
      assert.match(lineOfJson({ ...good, type, data }) ?? "", /^\(no time\) {2}health {3}/);
    }
  });

  it("lets nothing through that a terminal acts on", () => {
    const nasty = "\u001b[2J\u0007\r\n\u009b31m\u202e\u2028";
    assert.equal(lineOfJson({ ...good, time: nasty, subject: nasty })?.match(/[\p{Cc}\p{Cf}\p{Zl}]/gu), null);
    const json =
      readEvent(Buffer.from(JSON.stringify({ ...good, subject: nasty, data: { "\u{e0001}": 1 } }, null, "\t")))?.json ??
      "";
    assert.equal(json.match(/[\p{Cc}\p{Cf}\p{Zl}]/gu), null);
    assert.deepEqual(JSON.parse(json), { ...good, subject: nasty, data: { "\u{e0001}": 1 } });
  });

  it("throws on no bytes at all", () => {
    const text = written(DOWN);
    fc.assert(
      fc.property(fc.nat(text.length), fc.uint8Array({ maxLength: 9 }), (at, bytes) => {
        lineOf(Buffer.concat([Buffer.from(text).subarray(0, at), bytes, Buffer.from(text).subarray(at + 3)]));
      }),
    );
  });
});
