import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { cutLoads } from "../../../../src/control/load/merge/batch.ts";
import { LoadSum } from "../../../../src/control/load/merge/load-sum.ts";
import { encodeLoad } from "../../../../src/control/load/merge/wire.ts";
import type { ClusterLoad } from "../../../../src/messages/load.ts";
import { anyLoad, cluster, endpoint, locality } from "./loads.ts";

function sumOf(loads: readonly ClusterLoad[]): ClusterLoad[] {
  const sum = new LoadSum();
  for (const load of loads) {
    sum.addCounts(load);
    sum.addGauges(load);
  }
  return sum.loads().sort((one, other) => (one.cluster < other.cluster ? -1 : 1));
}

function bytesOf(clusters: readonly ClusterLoad[]): number {
  const batch = { sequence: 1, isFirst: true, clusters };
  const from = { node: "a", instance: "0".repeat(32), floor: 1, mayRepeat: false, knows: "", gathers: "", from: 0 };
  return encodeLoad({ type: "load-request", ...from, batch }).length;
}

/** A cluster with so many endpoints in each of so many zones. */
function large(name: string, zones: number, endpoints: number): ClusterLoad {
  const places = Array.from({ length: zones }, (_, zone) =>
    locality(
      `zone-${zone}`,
      Array.from({ length: endpoints }, (_, port) => endpoint(port, [2 ** 30, 1, 2 ** 31, 3])),
      [2 ** 47, 2 ** 46, 2 ** 45],
    ),
  );
  return cluster(name, places, 7);
}

describe("cutting what was counted into batches", () => {
  it("keeps every count, in pieces that fit into messages", () => {
    fc.assert(
      fc.property(fc.array(anyLoad, { maxLength: 12 }), (loads) => {
        const pieces = cutLoads(loads);
        for (const piece of pieces) bytesOf(piece);
        const cut = sumOf(pieces.flat());
        const busy = new Set(cut.map(({ cluster: name }) => name));
        assert.deepEqual(
          cut,
          sumOf(loads).filter(({ cluster: name }) => busy.has(name)),
        );
        const idle = sumOf(loads).filter(({ cluster: name }) => !busy.has(name));
        assert.ok(idle.every(({ localities, droppedTotal }) => localities.length === 0 && droppedTotal === 0));
      }),
      { numRuns: 200 },
    );
  });

  it("cuts a cluster of ten thousand endpoints, and many small ones", () => {
    const loads = [large("big", 4, 2_500), ...Array.from({ length: 3_000 }, (_, index) => large(`c${index}`, 1, 1))];
    const pieces = cutLoads(loads);
    assert.ok(pieces.length > 10 && pieces.length < 40, `${pieces.length} pieces`);
    for (const piece of pieces) assert.ok(bytesOf(piece) > 0);
    assert.deepEqual(sumOf(pieces.flat()), sumOf(loads));
  });

  it("makes one empty batch of nothing, and leaves out what no message would carry", () => {
    assert.deepEqual(cutLoads([cluster("idle", [])]), [[]]);
    assert.deepEqual(cutLoads([large("n".repeat(2_049), 1, 1)]), [[]]);
  });
});

describe("a sum of loads", () => {
  it("adds counts once and gauges apart, and leaves out what is nothing", () => {
    const sum = new LoadSum();
    sum.addCounts(cluster("c", [locality("z", [endpoint(1, [1, 0, 2, 9])])], 4));
    sum.addCounts(cluster("c", [locality("z", [endpoint(1, [2, 3, 0, 0]), endpoint(2, [0, 0, 0, 5])])], 1));
    sum.addGauges(cluster("c", [locality("z", [endpoint(3, [8, 8, 8, 6])])]));
    sum.addCounts(cluster("idle", []));
    const places = [locality("z", [endpoint(1, [3, 3, 2, 0]), endpoint(3, [0, 0, 0, 6])])];
    assert.deepEqual(sum.loads(), [cluster("c", places, 5), cluster("idle", [])]);
  });

  it("adds connections once and those there are apart, and leaves out a locality that has none", () => {
    const sum = new LoadSum();
    sum.addCounts(cluster("c", [locality("z", [], [5, 1, 9]), locality("y", [], [0, 0, 7])]));
    sum.addCounts(cluster("c", [locality("z", [], [2, 0, 9]), locality("z", [endpoint(1, [1, 0, 1, 0])])]));
    sum.addGauges(cluster("c", [locality("z", [], [8, 8, 4]), locality("x", [], [8, 8, 2])]));
    const places = [locality("z", [endpoint(1, [1, 0, 1, 0])], [7, 1, 4]), locality("x", [], [0, 0, 2])];
    assert.deepEqual(sum.loads(), [cluster("c", places)]);
  });
});
