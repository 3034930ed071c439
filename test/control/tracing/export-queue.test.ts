import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { ExportQueue, type ExportResult } from "../../../src/control/tracing/export-queue.ts";
import { OTEL_SPAN_SLOTS } from "../../../src/control/tracing/queue-slots.ts";
import { TRACES } from "../../../src/telemetry/trace-stats.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("the queue of an exporter", () => {
  let clock: VirtualClock;
  let stats: Float64Array;
  let exporter: ExportQueue<string>;
  let sent: (readonly string[])[];
  let answers: ((result: ExportResult, rejected?: number) => void)[];
  let warnings: string[];
  let timed: number;

  beforeEach(() => {
    clock = new VirtualClock();
    stats = new Float64Array(TRACES.names.length);
    sent = [];
    answers = [];
    warnings = [];
    timed = 0;
    exporter = new ExportQueue({
      wheel: clock.wheel,
      stats,
      at: OTEL_SPAN_SLOTS,
      what: "spans",
      queueMax: 5,
      batchMax: 2,
      pausesMs: [1_000, 2_000, 4_000],
      enough: () => 2,
      delayMs: () => 1_000,
      onTime: () => timed++,
      send: (lines, done) => {
        sent.push(lines);
        answers.push((result, rejected = 0) => done(result, "why", rejected));
      },
      warn: (text) => warnings.push(text),
    });
  });

  it("waits for more, up to its time", () => {
    exporter.add(["a"]);
    clock.advanceMs(900);
    assert.deepEqual(sent, []);
    clock.advanceMs(200);
    assert.deepEqual(sent, [["a"]]);
    assert.equal(timed, 1);
  });

  it("sends a full batch at once, and the next one when that was taken", () => {
    exporter.add(["a", "b", "c", "d", "e"]);
    assert.deepEqual(sent, [["a", "b"]]);
    answers[0]?.("taken");
    assert.deepEqual(sent[1], ["c", "d"]);
    answers[1]?.("taken");
    clock.advanceMs(1_100);
    answers[2]?.("taken");
    assert.deepEqual(sent[2], ["e"]);
    assert.deepEqual(counted(), {
      spans_made: 0,
      spans_sent: 5,
      spans_dropped: 0,
      exports_failed: 0,
      exports_sent: 3,
      spans_queued: 0,
    });
  });

  it("drops what it cannot hold while a collector takes its time, and counts it", () => {
    exporter.add(["a", "b"]);
    exporter.add(["c", "d", "e", "f", "g", "h", "i"]);
    exporter.add(["j"]);
    assert.equal(counted()["spans_dropped"], 3);
    assert.equal(counted()["spans_queued"], 5 + 2); // two are on their way
  });

  it("tries again three times, each time later, and goes on with what came meanwhile", () => {
    exporter.add(["a"]);
    clock.advanceMs(1_100);
    exporter.add(["b"]);
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      answers.at(-1)?.("again");
      const before = sent.length;
      clock.advanceMs(pauseMs - 200);
      assert.equal(sent.length, before);
      clock.advanceMs(400);
      assert.deepEqual(sent.at(-1), ["a"]);
    }
    answers.at(-1)?.("again");
    clock.advanceMs(1_100);
    assert.deepEqual(sent.at(-1), ["b"]);
    assert.equal(counted()["spans_dropped"], 1);
    assert.equal(counted()["exports_failed"], 4);
    assert.deepEqual(warnings, ["spans are not taken by their collector: why"]);
  });

  it("drops at once what a collector refuses", () => {
    exporter.add(["a", "b"]);
    answers[0]?.("refused");
    clock.advanceMs(10_000);
    assert.equal(sent.length, 1);
    assert.equal(counted()["spans_dropped"], 2);
  });

  it("counts as lost what the collector took and did not want", () => {
    exporter.add(["a", "b"]);
    answers[0]?.("taken", 1);
    assert.deepEqual([counted()["spans_sent"], counted()["spans_dropped"]], [1, 1]);
    assert.deepEqual(warnings, ["spans are not taken by their collector: why"]);
  });

  it("sends all that waits at its end, without second tries", () => {
    let closed = 0;
    exporter.add(["a"]);
    exporter.close(() => closed++);
    assert.deepEqual(sent, [["a"]]);
    assert.equal(closed, 0);
    answers[0]?.("again");
    assert.equal(closed, 1);
    assert.equal(counted()["spans_dropped"], 1);
  });

  it("ends at once when nothing waits", () => {
    let closed = 0;
    exporter.close(() => closed++);
    assert.equal(closed, 1);
  });

  function counted(): Record<string, number> {
    return Object.fromEntries(TRACES.names.map((name, at) => [name, stats[at] ?? 0]));
  }
});
