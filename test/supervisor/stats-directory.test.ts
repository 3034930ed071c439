import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { StatsDirectory } from "../../src/supervisor/stats-directory.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";

function written() {
  const directory = new StatsDirectory([CLUSTER]);
  const writer = new StatsWriter((notice) => directory.add("listener-0", [notice]));
  const block = writer.block(CLUSTER, "cluster.a.");
  block[CLUSTER.at.upstream_rq_total] = 7;
  block[CLUSTER.at.upstream_rq_active] = 3;
  const single = writer.gauge("server.live");
  single.values[single.at] = 1;
  const counter = writer.counter("server.requests");
  counter.values[counter.at] = 5;
  return { directory, block, single, counter };
}

describe("the statistics directory", () => {
  it("sets the gauges of a dead writer to 0 and leaves its counters", () => {
    const { directory, block, single, counter } = written();
    directory.zeroGauges("listener-0");
    assert.equal(block[CLUSTER.at.upstream_rq_active], 0);
    assert.equal(single.values[single.at], 0);
    assert.equal(block[CLUSTER.at.upstream_rq_total], 7);
    assert.equal(counter.values[counter.at], 5);
  });

  it("lets a successor count on where its predecessor died", () => {
    const { directory, block } = written();
    const successor = new StatsWriter(() => {}, directory.noticesOf("listener-0"));
    const inherited = successor.block(CLUSTER, "cluster.a.");
    inherited[CLUSTER.at.upstream_rq_total] = (inherited[CLUSTER.at.upstream_rq_total] as number) + 1;
    assert.equal(block[CLUSTER.at.upstream_rq_total], 8);
  });

  it("forgets a block that is given back, and its place serves the next one", () => {
    const directory = new StatsDirectory([CLUSTER]);
    const writer = new StatsWriter((notice) => directory.add("listener-0", [notice]));
    for (let i = 0; i < 100_000; i++) {
      const block = writer.block(CLUSTER, `cluster.${i}.`);
      assert.equal(block[CLUSTER.at.upstream_rq_total], 0);
      block[CLUSTER.at.upstream_rq_total] = i + 1;
      if (i > 0) writer.release(CLUSTER, `cluster.${i - 1}.`);
    }
    const notices = directory.noticesOf("listener-0");
    assert.deepEqual(
      notices.map((notice) => (notice.type === "block" ? notice.prefix : notice.type)),
      ["page", "cluster.99999."],
    );
    const reader = new StatsReader(directory);
    assert.equal(reader.value("cluster.99999.upstream_rq_total"), 100_000);
    assert.equal(reader.values().length, CLUSTER.names.length);
  });

  it("knows every writer, and grows its generation with every notice", () => {
    const { directory } = written();
    const before = directory.generation;
    directory.add("discovery", [{ type: "page", page: 0, memory: new SharedArrayBuffer(8) }]);
    assert.equal(directory.generation, before + 1);
    assert.deepEqual(
      directory.sources().map(({ writer }) => writer),
      ["listener-0", "discovery"],
    );
  });
});
