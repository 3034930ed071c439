// A TCP proxy's hash_policy and metadata_match in front of balancers that go by them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { labelsOf, metadataMatchOf } from "../../../src/config/plan/subset.ts";
import type { TcpProxyPlan } from "../../../src/config/plan/tcp-proxy.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TcpWorld } from "../../support/tcp-world.ts";

describe("a TCP proxy that hashes the source address", () => {
  it("sends a client to the endpoint that its address hashes to, each time", () => {
    const endpoints = Array.from({ length: 20 }, (_, i) => endpoint(8_000 + i));
    const options = { hashPolicy: [], usesHostname: false, balanceFactorPercent: 0, isLocalityWeighted: false };
    const balancer = { kind: "maglev", tableSize: 65_537, ...options } as const;
    const world = new TcpWorld({ hashesSource: true }, [clusterPlan("c", endpoints, { balancer })]);
    const ports = Array.from({ length: 40 }, (_, i) => {
      world.connect(true, `192.0.2.${i % 20}`);
      return world.upstream().remotePort;
    });
    assert.deepEqual(ports.slice(20), ports.slice(0, 20));
    assert.ok(new Set(ports).size > 5);
  });
});

describe("a TCP proxy with metadata_match", () => {
  it("goes to an endpoint that has the labels it asks for", () => {
    const labelled = (port: number, version: string): EndpointPlan =>
      endpoint(port, { metadata: { "envoy.lb": { version } } });
    const selectors = [{ keys: ["version"], isSingleHost: false, fallback: null, fallbackKeys: [] }];
    const rest = { defaultLabels: [], listAsAny: false, panicModeAny: false, isLocalityAware: false };
    const plan = clusterPlan("c", [labelled(1, "a"), labelled(2, "b")], {
      subsets: { fallback: "none", selectors, ...rest },
    });
    const asking = (version: string): Partial<TcpProxyPlan> => ({
      clusters: [{ name: "c", weight: 1, metadataMatch: metadataMatchOf(labelsOf({ version })) }],
    });
    const world = new TcpWorld(asking("b"), [plan]);
    for (let i = 0; i < 4; i++) world.connect();
    assert.deepEqual(
      world.upstreams.map(({ remotePort }) => remotePort),
      [2, 2, 2, 2],
    );
    const other = new TcpWorld(asking("c"), [plan]);
    assert.equal(other.connect(false).ending, "abort");
    assert.equal(other.cluster("upstream_cx_none_healthy"), 1);
  });
});
