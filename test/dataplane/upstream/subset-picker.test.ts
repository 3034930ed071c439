// What picks do when endpoints change; who picks what of which labels is compared with Envoy in test/differential/subsets.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { labelsOf, metadataMatchOf, type SubsetsPlan } from "../../../src/config/plan/subset.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

const SUBSETS: SubsetsPlan = {
  fallback: "none",
  defaultLabels: [],
  selectors: [{ keys: ["version"], isSingleHost: false, fallback: null, fallbackKeys: [] }],
  listAsAny: false,
  panicModeAny: false,
  isLocalityAware: false,
};

const version = (port: number, text: string, more: Partial<EndpointPlan> = {}): EndpointPlan =>
  endpoint(port, { metadata: { "envoy.lb": { version: text } }, ...more });

function bench(endpoints: readonly EndpointPlan[], subsets: Partial<SubsetsPlan> = {}): UpstreamBench {
  return new UpstreamBench([clusterPlan("c", endpoints, { subsets: { ...SUBSETS, ...subsets } })]);
}

/** Ports of so many requests for a version, in order; 0: there was no endpoint. */
function ports(b: UpstreamBench, text: string, count: number): number[] {
  return Array.from({ length: count }, () => {
    const request = b.open({ metadataMatch: metadataMatchOf(labelsOf({ version: text })) });
    if (request.outcome === "waiting") b.dialer.last().connect();
    return request.port;
  }).toSorted();
}

describe("picks within subsets", () => {
  it("give every endpoint of a subset its turn, and nobody else", () => {
    const b = bench([version(80, "a"), version(81, "b"), version(82, "a"), endpoint(83)]);
    assert.deepEqual(ports(b, "a", 4), [80, 80, 82, 82]);
    assert.deepEqual(ports(b, "b", 2), [81, 81]);
    assert.equal(b.stat("lb_subsets_selected"), 6);
  });

  it("follow endpoints that come, go and get other labels, from the next pick on", () => {
    const b = bench([version(80, "a"), version(81, "b")]);
    assert.deepEqual(ports(b, "a", 1), [80]);
    b.manager.replaceEndpoints("c", [version(80, "b"), version(82, "a")]);
    assert.deepEqual(ports(b, "a", 1), [82]);
    assert.deepEqual(ports(b, "b", 1), [80]);
    b.manager.replaceEndpoints("c", [version(80, "b")]);
    assert.deepEqual(ports(b, "a", 1), [0]);
    assert.equal(b.stat("upstream_cx_none_healthy"), 1);
  });

  it("go by the health of the subset alone", () => {
    const b = bench([
      version(80, "a"),
      version(81, "a", { health: "unhealthy" }),
      version(82, "b", { health: "unhealthy" }),
    ]);
    assert.deepEqual(ports(b, "a", 2), [80, 80]);
    assert.equal(b.stat("lb_healthy_panic"), 0);
    assert.deepEqual(ports(b, "b", 1), [82]);
    assert.equal(b.stat("lb_healthy_panic"), 1);
  });

  it("fall back where nobody has the labels, and count it", () => {
    const b = bench([version(80, "a"), version(81, "b")], {
      fallback: "default",
      defaultLabels: labelsOf({ version: "b" }),
    });
    assert.deepEqual(ports(b, "c", 2), [81, 81]);
    assert.equal(b.stat("lb_subsets_fallback"), 2);
    const request = b.open();
    assert.equal(request.outcome, "waiting");
    assert.equal(b.stat("lb_subsets_fallback"), 3);
    assert.equal(b.stat("lb_subsets_selected"), 0);
  });
});
