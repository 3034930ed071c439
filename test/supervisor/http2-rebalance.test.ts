import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  decideRelief,
  Http2Rebalance,
  REBALANCE_INTERVAL_MS,
  type Relief,
} from "../../src/supervisor/http2-rebalance.ts";
import { createHttp2UseMemory, type Http2Load, Http2Use } from "../../src/telemetry/http2-use.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Each worker as `streams/connections`. */
function loads(...texts: readonly string[]): Http2Load[] {
  return texts.map((text, slot) => {
    const [streams = 0, connections = 0] = text.split("/").map(Number);
    return { slot, streams, connections };
  });
}

describe("the choice of workers to relieve of an HTTP/2 connection", () => {
  for (const { name, of, expected } of [
    { name: "nobody serves anything", of: ["0/0", "0/0"], expected: [] },
    { name: "a worker has no sibling", of: ["90/9"], expected: [] },
    { name: "both have the same", of: ["40/2", "40/2"], expected: [] },
    { name: "one has exactly twice the other's", of: ["40/2", "20/1"], expected: [] },
    { name: "one has over twice the other's", of: ["41/2", "20/1"], expected: [{ slot: 0, streamsBelow: 21 }] },
    { name: "one has all of it on two connections", of: ["0/0", "6/2"], expected: [{ slot: 1, streamsBelow: 6 }] },
    { name: "one has all of it on one connection", of: ["0/3", "6/1"], expected: [] },
    { name: "connections are idle", of: ["0/7", "0/1"], expected: [] },
    { name: "one of four is over", of: ["50/5", "10/1", "20/2", "30/3"], expected: [{ slot: 0, streamsBelow: 30 }] },
    { name: "one of four is under", of: ["20/5", "10/1", "10/2", "10/3"], expected: [] },
    {
      name: "two of six are over",
      of: ["60/5", "60/5", "0/0", "0/0", "0/0", "0/0"],
      expected: [
        { slot: 0, streamsBelow: 48 },
        { slot: 1, streamsBelow: 48 },
      ],
    },
  ]) {
    it(`falls on ${expected.length} when ${name}`, () => {
      assert.deepEqual(decideRelief(loads(...of)), expected);
    });
  }
});

describe("the rebalancing of HTTP/2 connections", () => {
  it("gives one order in ten seconds while a worker is over, and none after it is stopped", () => {
    const clock = new VirtualClock();
    const use = new Http2Use(createHttp2UseMemory(2), 2, 1);
    const orders: Relief[] = [];
    const rebalance = new Http2Rebalance({
      wheel: clock.wheel,
      loads: () => [use.load(0), use.load(1)],
      order: (relief) => orders.push(relief),
    });
    use.add(4, 8);
    clock.advanceMs(REBALANCE_INTERVAL_MS - 20);
    assert.deepEqual(orders, []);
    clock.advanceMs(40);
    assert.deepEqual(orders, [{ slot: 1, streamsBelow: 8 }]);
    clock.advanceMs(9_900);
    assert.equal(orders.length, 1);
    clock.advanceMs(100);
    assert.equal(orders.length, 2);
    use.clearWorker(1);
    clock.advanceMs(20_000);
    assert.equal(orders.length, 2, "a dead worker has nothing to give");
    use.add(4, 8);
    rebalance.stop();
    clock.advanceMs(20_000);
    assert.equal(orders.length, 2);
  });
});
