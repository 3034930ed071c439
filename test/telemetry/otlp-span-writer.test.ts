// A span as it is written, read back by a reader of protobuf that is not ours.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { viewOf, type WordBytes, WordWriter } from "../../src/base/byte-writer.ts";
import { spansRequest } from "../../src/control/tracing/otlp-spans.ts";
import { OtlpSpanWriter } from "../../src/telemetry/otlp-span-writer.ts";
import { type SpanEvent, type SpanHead, SpanKey } from "../../src/telemetry/span-writer.ts";
import { readSpans, type SeenSpan } from "../support/otlp-sink.ts";

const HEAD: SpanHead = {
  kind: "client",
  ids: {
    ...{ traceA: 0x0af76519, traceB: 0x16cd43dd, traceC: 0x8448eb21 | 0, traceD: 0x1c80319c },
    ...{ spanA: 0xb7ad6b71 | 0, spanB: 0x69203331, parentA: 0, parentB: 0 },
  },
  name: "egress a",
  traceState: "a=1,b=2",
  startUs: 1_700_000_000_123_456,
  durationUs: 1_234,
  isError: true,
};

describe("a written span", () => {
  it("is read as it was meant", () => {
    const [span] = written(HEAD, { "url.path": "/", long: "x".repeat(300), "user_agent.original": "Zürich ☃" }, []);
    assert.equal(span?.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(span.spanId, "b7ad6b7169203331");
    assert.deepEqual([span.parentId, span.name, span.kind, span.isError], ["", "egress a", 3, true]);
    assert.equal(span.startNs, 1_700_000_000_123_456_000n);
    assert.equal(span.endNs, 1_700_000_000_124_690_000n);
    assert.deepEqual(Object.fromEntries(span.attributes), {
      "url.path": "/",
      long: "x".repeat(300),
      "user_agent.original": "Zürich ☃",
      number: "204",
      great: "12345678901234",
      bytes: "/a\u00e9",
    });
  });

  it("needs neither attributes nor events", () => {
    const ids = { ...HEAD.ids, parentA: 1, parentB: -1 };
    const head: SpanHead = { ...HEAD, ids, kind: "server", traceState: "", isError: false, startUs: 1, durationUs: 0 };
    const to = new WordWriter(8);
    const writer = new OtlpSpanWriter();
    for (let i = 0; i < 2; i++) {
      writer.begin(to, head);
      writer.end();
    }
    const spans = read(to);
    assert.equal(spans.length, 2);
    assert.deepEqual(
      [spans[1]?.parentId, spans[1]?.kind, spans[1]?.isError, spans[1]?.startNs, spans[1]?.attributes.size],
      ["00000001ffffffff", 2, false, 1_000n, 0],
    );
  });

  it("tells what happened, and when", () => {
    const [span] = written(HEAD, {}, [
      { name: "retry", offsetUs: 5, attribute: "n", value: "1" },
      { name: "bare", offsetUs: 6, attribute: "", value: "" },
    ]);
    assert.deepEqual(span?.events, ["retry", "bare"]);
  });

  it("is as long as its texts are, beyond what three bytes of a length tell", () => {
    const long = "x".repeat(3 << 20);
    const to = new WordWriter(8);
    const writer = new OtlpSpanWriter();
    for (const value of [long, "short"]) {
      writer.begin(to, HEAD);
      writer.text(new SpanKey("text"), value);
      writer.end();
    }
    assert.deepEqual(
      read(to).map(({ attributes }) => attributes.get("text")?.length),
      [long.length, 5],
    );
  });

  it("says what fields say in UTF-8, and takes other bytes beyond ASCII for characters", () => {
    const to = new WordWriter(8);
    const writer = new OtlpSpanWriter();
    writer.begin(to, HEAD);
    for (const [name, bytes] of [
      ["utf8", Buffer.from("Zürich ☃")],
      ["latin1", Buffer.from("Zürich", "latin1")],
    ] as const)
      writer.bytes(new SpanKey(name), viewed(bytes), 0, bytes.length);
    writer.end();
    const [span] = read(to);
    assert.deepEqual(Object.fromEntries(span?.attributes ?? []), { utf8: "Zürich ☃", latin1: "Zürich" });
  });

  it("has names of tags that are longer than a byte can tell", () => {
    const to = new WordWriter(8);
    const writer = new OtlpSpanWriter();
    writer.begin(to, HEAD);
    writer.number(new SpanKey("n".repeat(200)), 7);
    writer.text(new SpanKey("t".repeat(200)), "x");
    writer.end();
    const [span] = read(to);
    assert.equal(span?.attributes.get("n".repeat(200)), "7");
    assert.equal(span.attributes.get("t".repeat(200)), "x");
  });
});

function written(
  head: SpanHead,
  attributes: Readonly<Record<string, string>>,
  events: readonly SpanEvent[],
): readonly SeenSpan[] {
  const to = new WordWriter(8);
  const writer = new OtlpSpanWriter();
  writer.begin(to, head);
  for (const [name, value] of Object.entries(attributes)) writer.text(new SpanKey(name), value);
  writer.number(new SpanKey("number"), 204);
  writer.number(new SpanKey("great"), 12_345_678_901_234);
  writer.bytes(new SpanKey("bytes"), viewed(Buffer.from("GET /a\xe9 x", "latin1")), 4, 7);
  for (const event of events) writer.event(event);
  writer.end();
  return read(to);
}

function viewed(bytes: Buffer): WordBytes {
  return { bytes, view: viewOf(bytes) };
}

function read(to: WordWriter): readonly SeenSpan[] {
  return readSpans(Buffer.concat(spansRequest({ resource: new Map(), version: "1" }, [to.bytes.subarray(0, to.end)])));
}
