import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { StatsDirectory } from "../../src/supervisor/stats-directory.ts";
import { RELEASE_MS, StatsRelease } from "../../src/supervisor/stats-release.ts";
import { STATS_SCHEMAS } from "../../src/supervisor/stats-schemas.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { recordValue } from "../../src/telemetry/histogram.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { clusterPlan } from "../support/cluster-plans.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const plans = (...names: string[]) => names.map((name) => clusterPlan(name, []));

/** A node whose one thread counts. */
class World {
  readonly clock = new VirtualClock();
  readonly directory = new StatsDirectory(STATS_SCHEMAS);
  readonly writer = new StatsWriter((notice) => this.directory.add("listener-0", [notice]));
  readonly reader = new StatsReader(this.directory);
  readonly release = new StatsRelease(this.clock.wheel, (names) => {
    for (const one of names) this.writer.forget(one);
  });

  count(cluster: string): void {
    const block = this.writer.block(CLUSTER, `cluster.${cluster}.`);
    block[CLUSTER.at.upstream_cx_total] = (block[CLUSTER.at.upstream_cx_total] as number) + 1;
    const slot = this.writer.counter(`cluster.${cluster}.upstream_rq_200`);
    slot.values[slot.at] = (slot.values[slot.at] as number) + 1;
    recordValue(this.writer.histogram(`cluster.${cluster}.upstream_rq_time`), 1);
  }

  /** Clusters of which /stats has something. */
  shown(): string[] {
    this.reader.flush();
    const names = [...this.reader.values(), ...this.reader.histograms()].map(({ name }) => name);
    return [...new Set(names.map((name) => /^cluster\.(.+)\.upstream/.exec(name)?.[1] ?? ""))].filter(Boolean).sort();
  }
}

describe("the counters of a cluster that a plan has no more", () => {
  it("go half a minute after it, and those of a cluster whose name begins like its stay", () => {
    const world = new World();
    for (const name of ["a", "a.b", "c"]) world.count(name);
    world.release.assign(plans("a", "a.b", "c"));
    world.release.assign(plans("a.b"));
    assert.deepEqual(world.shown(), ["a", "a.b", "c"]);
    world.clock.advanceMs(RELEASE_MS + 100);
    assert.deepEqual(world.shown(), ["a.b"]);
    assert.equal(world.reader.value("cluster.a.b.upstream_rq_200"), 1);
  });

  it("stay when it is back by then, and begin at 0 when it comes back later", () => {
    const world = new World();
    world.count("a");
    world.release.assign(plans("a"));
    world.release.assign([]);
    world.clock.advanceMs(RELEASE_MS - 1_000);
    world.release.assign(plans("a"));
    world.clock.advanceMs(RELEASE_MS * 2);
    assert.equal(world.reader.value("cluster.a.upstream_cx_total"), 1);
    world.release.assign([]);
    world.clock.advanceMs(RELEASE_MS + 100);
    assert.equal(world.reader.value("cluster.a.upstream_cx_total"), 0);
    world.count("a");
    assert.equal(world.reader.value("cluster.a.upstream_cx_total"), 1);
    assert.equal(world.clock.wheel.size, 0);
  });

  it("are not what a thread begins with that comes after one that died", () => {
    const world = new World();
    for (const name of ["a", "b"]) world.count(name);
    world.writer.forget({ prefix: "cluster.a.", except: [] });
    const successor = new StatsWriter(() => {}, world.directory.noticesOf("listener-0"));
    assert.equal(successor.block(CLUSTER, "cluster.b.")[CLUSTER.at.upstream_cx_total], 1);
    assert.equal(successor.block(CLUSTER, "cluster.a.")[CLUSTER.at.upstream_cx_total], 0);
  });
});
