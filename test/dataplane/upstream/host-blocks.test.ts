import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { StatsNotice } from "../../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

/** A worker whose one cluster may have any address. */
function bench(): UpstreamBench {
  return new UpstreamBench([clusterPlan("c", [endpoint(1)])]);
}

/** Prefixes of the blocks that are there. */
function hostBlocks(notices: readonly StatsNotice[]): string[] {
  const held = new Set<string>();
  for (const notice of notices) {
    if (notice.type === "block" && notice.schema === "host") held.add(notice.prefix);
    if (notice.type === "freed") held.delete(notice.prefix);
  }
  return [...held];
}

describe("counters of endpoints", () => {
  it("need no more memory after 100,000 changes of addresses than after ten", () => {
    const b = bench();
    let pages = 0;
    const change = (i: number): void => {
      b.manager.replaceEndpoints("c", [endpoint(1 + (i % 60_000))]);
      b.openNow();
      b.codecs.last().finish();
      pages += b.notices.splice(0).filter(({ type }) => type === "page").length;
      for (const remembered of [b.dialer.channels, b.dialer.targets, b.codecs.made]) remembered.splice(0);
    };
    for (let i = 0; i < 10; i++) change(i);
    const before = pages;
    for (let i = 10; i < 100_000; i++) change(i);
    assert.equal(pages, before);
  });

  it("stay while a request of an address that left is in flight, and go with it", () => {
    const b = bench();
    b.openNow();
    b.manager.replaceEndpoints("c", [endpoint(2)]);
    assert.deepEqual(hostBlocks(b.notices), ["host.c.127.0.0.1:1."]);
    assert.equal(b.hostStats(1)["rq_active"], 1);
    b.codecs.last().finish();
    assert.deepEqual(hostBlocks(b.notices), []);
  });

  it("stay for an address that came back before its last request was over", () => {
    const b = bench();
    b.openNow();
    const old = b.codecs.last();
    b.manager.replaceEndpoints("c", [endpoint(2)]);
    b.manager.replaceEndpoints("c", [endpoint(1)]);
    b.openNow();
    old.finish();
    assert.deepEqual(hostBlocks(b.notices), ["host.c.127.0.0.1:1."]);
    assert.equal(b.hostStats(1)["rq_total"], 2);
    assert.equal(b.hostStats(1)["rq_active"], 1);
  });

  it("go with a cluster that a new plan changes or drops", () => {
    const b = bench();
    b.openNow();
    b.codecs.last().finish();
    b.manager.applyPlan([clusterPlan("c", [endpoint(1)], { connectTimeoutMs: 7 })]);
    assert.deepEqual(hostBlocks(b.notices), []);
    b.openNow();
    b.codecs.last().finish();
    b.manager.applyPlan([]);
    assert.deepEqual(hostBlocks(b.notices), []);
  });
});
