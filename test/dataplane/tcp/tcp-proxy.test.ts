// A TCP proxy's hash_policy in front of a balancer that goes by it.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
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
