import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { TraceExporterPlan } from "../../../src/config/plan/tracing.ts";
import { ExportQueue, type ExportResult } from "../../../src/control/tracing/export-queue.ts";
import { OTEL_SPAN_SLOTS } from "../../../src/control/tracing/queue-slots.ts";
import { bytesOf, pieceOf, SPAN_PIECES, type SpanPiece } from "../../../src/control/tracing/span-pieces.ts";
import { TRACES } from "../../../src/telemetry/trace-stats.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("spans that came in pieces", () => {
  let stats: Float64Array;
  let queue: ExportQueue<SpanPiece>;
  let sent: string[][];
  let answers: ((result: ExportResult) => void)[];

  beforeEach(() => {
    stats = new Float64Array(TRACES.names.length);
    sent = [];
    answers = [];
    queue = new ExportQueue({
      wheel: new VirtualClock().wheel,
      stats,
      at: OTEL_SPAN_SLOTS,
      what: "spans",
      pieces: SPAN_PIECES,
      queueMax: 6,
      batchMax: 3,
      pausesMs: [],
      enough: () => 3,
      delayMs: () => 1_000,
      onTime: () => {},
      send: (pieces, done) => {
        sent.push(bytesOf(pieces).map((bytes) => Buffer.from(bytes).toString()));
        answers.push((result) => done(result, "why", 0));
      },
      warn: () => {},
    });
  });

  it("are counted one by one, and go whole where there is room", () => {
    queue.add([written("a", "bb"), written("c", "d"), written("e")]);
    assert.deepEqual(sent, [["abb"]]);
    answers[0]?.("taken");
    assert.deepEqual(sent[1], ["cd", "e"]);
    answers[1]?.("refused");
    assert.deepEqual([of("spans_sent"), of("spans_dropped"), of("spans_queued")], [2, 3, 0]);
  });

  it("are taken apart where one export cannot hold them", () => {
    queue.add([written("a", "bb", "ccc", "d", "ee")]);
    assert.deepEqual(sent, [["abbccc"]]);
    queue.close(() => {});
    answers[0]?.("taken");
    assert.deepEqual(sent[1], ["dee"]);
    answers[1]?.("taken");
    assert.equal(of("spans_sent"), 5);
  });

  it("are dropped from the newest on when the queue is full", () => {
    queue.add([written("a", "b", "c")]);
    queue.add([written("d", "e", "f", "g"), written("h", "i", "j"), written("k")]);
    assert.equal(of("spans_dropped"), 2);
    answers[0]?.("taken");
    answers[1]?.("taken");
    answers[2]?.("taken");
    assert.deepEqual(sent, [["abc"], ["def"], ["g", "hi"]]);
    assert.equal(of("spans_sent"), 9);
  });

  it("give their memory back when they are over, and what shares it does not", () => {
    const whole = written("a", "b", "c");
    const large = written("d", "e", "f", "g");
    queue.add([whole, large]);
    assert.equal(whole.bytes.length, 3);
    answers[0]?.("taken");
    assert.equal(whole.bytes.length, 0);
    answers[1]?.("taken");
    assert.equal(large.bytes.length, 4);
  });

  function of(name: keyof typeof TRACES.at): number {
    return stats[TRACES.at[name]] ?? 0;
  }
});

function written(...spans: readonly string[]): SpanPiece {
  const bytes = Uint8Array.from(Buffer.from(spans.join("")));
  let end = 0;
  const ends = Uint32Array.from(spans, (span) => {
    end += span.length;
    return end;
  });
  return pieceOf({ to: {} as TraceExporterPlan, bytes, ends });
}
