import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { attributeText, cleanText, readSpanLine, type SpanRecord, spanLine } from "../../src/telemetry/span-record.ts";

const RECORD: SpanRecord = {
  kind: "client",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: "",
  traceState: "a=1,b=2",
  name: "egress a",
  startUs: 1_700_000_000_123_456,
  durationUs: 1_234,
  isError: true,
  attributes: ["url.path", "/", "empty", ""],
  events: [{ name: "retry", offsetUs: 5, attribute: "n", value: "1" }],
};

describe("a span as a line", () => {
  it("is read as it was written", () => {
    const line = lineOf(RECORD);
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(readSpanLine(line.slice(0, -1)), RECORD);
  });

  it("needs neither attributes nor events", () => {
    const bare: SpanRecord = { ...RECORD, kind: "server", isError: false, attributes: [], events: [] };
    assert.deepEqual(readSpanLine(lineOf(bare).trimEnd()), bare);
  });

  it("has no text that could end a field or the line", () => {
    assert.equal(cleanText("a\0b\nc"), "a b c");
  });
});

function lineOf(record: SpanRecord): string {
  const { attributes, events } = record;
  const count = attributes.length / 2;
  const texts = Array.from({ length: count }, (_, i) =>
    attributeText(attributes[2 * i] ?? "", attributes[2 * i + 1] ?? ""),
  );
  return spanLine(record, texts.join(""), count, events);
}
