import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { CLUSTERS_MAX } from "../../../../src/control/load/client/limits.ts";
import { LrsWorld } from "./lrs-world.ts";

const RETRIES = "info Load reporter stats stream/connection will retry in 5000 ms.";

let world: LrsWorld;

describe("a server that asks for what cannot be", () => {
  beforeEach(begin);

  const INTERVALS = [
    [0, 1_000],
    [-5_000, 1_000],
    [Number.NaN, 1_000],
    [0.001, 100],
    [1e15, 86_400_000],
    [Number.POSITIVE_INFINITY, 86_400_000],
  ] as const;

  for (const [asked, given] of INTERVALS) {
    it(`is reported to every ${given} ms when it says ${asked}, and a line says so`, () => {
      world.open({ ask: { clusters: ["a"], intervalMs: asked } });
      world.seen();
      world.clock.jumpMs(given - 5);
      assert.deepEqual(world.seen(), []);
      world.clock.jumpMs(10);
      assert.equal(world.seen().length, 1);
      assert.deepEqual(world.lines, [
        `warning load reports: the server asks for one every ${asked} ms, it gets one every ${given} ms`,
      ]);
    });
  }

  it("is told of so many clusters and no more when it names 100,000", () => {
    const clusters = ["a", ...Array.from({ length: 100_000 }, (_, i) => `c${i}`), "b"];
    world.open({ ask: { clusters } });
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 0 in 1000"]);
    const line = `warning load reports: the server names 100002 clusters, ${CLUSTERS_MAX} are reported`;
    assert.deepEqual(world.lines, [line]);
  });

  it("loses its stream when it sends what is no response, and gets the next one as after any end", () => {
    world.open();
    world.tell({ type: "asked", ask: null });
    assert.deepEqual(world.counts, { responses: 1, malformed: 1, errors: 1 });
    assert.deepEqual(world.lines, [
      "warning StreamLoadStats gRPC config stream closed: 13, no LoadStatsResponse",
      RETRIES,
    ]);
    world.pass(5_000);
    assert.equal(world.streams, 2);
  });

  it("cannot make a cluster count twice by naming it twice", () => {
    world.open({ ask: { clusters: ["a", "a"] } });
    world.serve("a", 1);
    world.pass(1_000);
    assert.deepEqual(world.seen(), ["node", "a 1 in 1000"]);
  });
});

function begin(): void {
  world = new LrsWorld("a", "b");
  world.tell({ type: "start" });
}
