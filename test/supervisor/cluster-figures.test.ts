import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshOrder } from "../../src/messages/mesh.ts";
import { ClusterFigureReader, FigureWatch } from "../../src/supervisor/cluster-figures.ts";
import { StatsDirectory } from "../../src/supervisor/stats-directory.ts";
import { STATS_SCHEMAS } from "../../src/supervisor/stats-schemas.ts";
import { bucketOf, recordValue } from "../../src/telemetry/histogram.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Two threads that count for clusters. */
class Threads {
  readonly stats: StatsDirectory = new StatsDirectory(STATS_SCHEMAS);
  private readonly writers = ["w0", "w1"].map((name) => new StatsWriter((notice) => this.stats.add(name, [notice])));

  answer(thread: number, cluster: string, status: number, ms: number): void {
    const writer = this.writers[thread] as StatsWriter;
    for (const name of ["completed", `${Math.floor(status / 100)}xx`]) {
      const slot = writer.counter(`cluster.${cluster}.upstream_rq_${name}`);
      slot.values[slot.at] = (slot.values[slot.at] as number) + 1;
    }
    recordValue(writer.histogram(`cluster.${cluster}.upstream_rq_time`), ms);
  }
}

describe("figures of clusters", () => {
  it("are the sums of all threads under the name by which a cluster counts", () => {
    const threads = new Threads();
    const reader = new ClusterFigureReader(threads.stats, (cluster) => `${cluster}_alt`);
    assert.deepEqual(reader.figures("v2"), { requests: 0, errors: 0, latencies: [] });
    threads.answer(0, "v2_alt", 200, 5);
    threads.answer(1, "v2_alt", 503, 5);
    threads.answer(1, "v2_alt", 404, 80);
    threads.answer(0, "v2_alt_other", 500, 5);
    assert.deepEqual(reader.figures("v2"), {
      requests: 3,
      errors: 1,
      latencies: [
        [bucketOf(5), 2],
        [bucketOf(80), 1],
      ],
    });
    threads.answer(0, "v2_alt", 504, 80);
    assert.equal(reader.figures("v2").errors, 2);
  });

  it("are told at once and twice a second while somebody asks for them", () => {
    const clock = new VirtualClock();
    const told: MeshOrder[] = [];
    const source = { figures: () => ({ requests: 1, errors: 0, latencies: [] }) };
    const watch = new FigureWatch(clock.wheel, source, (order) => told.push(order));
    watch.follow(["a", "b"]);
    assert.equal(told.length, 2);
    clock.advanceMs(1_100);
    assert.equal(told.length, 6);
    watch.follow([]);
    clock.advanceMs(2_000);
    assert.equal(told.length, 6);
  });
});
