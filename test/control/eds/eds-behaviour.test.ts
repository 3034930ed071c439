import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import { NO_ENDPOINT_CHECK } from "../../../src/config/plan/health-check.ts";
import { NAMES_MAX, STREAMS_MAX } from "../../../src/control/eds/limits.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { checkedCluster, httpCheck, numbered } from "../health/health-simulation.ts";
import { EdsWorld } from "./eds-world.ts";

const DOWN = HealthFlag.FailedActiveHc;
const UP = 0;

let world: EdsWorld;

/** A checked cluster with one endpoint for each port, whose slot is its port. */
function cluster(name: string, ...ports: readonly number[]): [ClusterPlan, EndpointFacts[]] {
  return [checkedCluster(name, [httpCheck()]), ports.map((port) => numbered(endpoint(port), port))];
}

describe("endpoint discovery for a state-of-the-world client", () => {
  beforeEach(() => {
    world = new EdsWorld();
    world.plan(cluster("a", 1, 2), cluster("b", 3));
  });

  it("tells the clusters that it asks for, each once, and those it asks for later", () => {
    const client = world.open("sotw");
    client.want(["a"]);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY", "2:HEALTHY"] }, removed: [] }]);
    client.want(["a"]);
    assert.deepEqual(client.seen(), []);
    client.want(["a", "b"]);
    assert.deepEqual(client.seen(), [{ clusters: { b: ["3:HEALTHY"] }, removed: [] }]);
  });

  it("tells a change of a verdict within 10 ms, and only the cluster that has it", () => {
    const client = world.open("sotw");
    client.want(["a", "b"]);
    client.seen();
    world.flag(0, 2, DOWN);
    world.clock.advanceMs(10);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY", "2:UNHEALTHY"] }, removed: [] }]);
    world.flag(0, 2, UP);
    world.clock.advanceMs(10);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY", "2:HEALTHY"] }, removed: [] }]);
  });

  it("says nothing when flags move that are no verdict", () => {
    const client = world.open("sotw");
    client.want(["a"]);
    client.seen();
    world.flag(0, 1, HealthFlag.FailedOutlierCheck);
    world.clock.advanceMs(1_000);
    assert.deepEqual(client.seen(), []);
  });

  it("sends nothing more of a cluster that it does not ask for any more, and all of it when it asks again", () => {
    const client = world.open("sotw");
    client.want(["a", "b"]);
    client.want(["b"]);
    client.seen();
    world.flag(0, 1, DOWN);
    world.clock.advanceMs(10);
    assert.deepEqual(client.seen(), []);
    client.want(["a", "b"]);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:UNHEALTHY", "2:HEALTHY"] }, removed: [] }]);
  });

  it("takes no subscription from a request that a newer response has superseded", () => {
    const client = world.open("sotw");
    client.want(["a"]);
    world.flag(0, 1, DOWN);
    world.clock.advanceMs(10);
    client.seen();
    client.want(["a", "b"], { nonce: "1" });
    assert.deepEqual(client.seen(), []);
    client.want(["a", "b"], { nonce: "2" });
    assert.deepEqual(client.seen(), [{ clusters: { b: ["3:HEALTHY"] }, removed: [] }]);
  });

  it("hears nothing of a name that is no cluster, until it is one", () => {
    const client = world.open("sotw");
    client.want(["new"]);
    world.clock.advanceMs(1_000);
    assert.deepEqual(client.seen(), []);
    world.plan(cluster("new", 9));
    assert.deepEqual(client.seen(), [{ clusters: { new: ["9:HEALTHY"] }, removed: [] }]);
  });
});

describe("endpoint discovery for an incremental client", () => {
  beforeEach(() => {
    world = new EdsWorld();
    world.plan(cluster("a", 1, 2), cluster("b", 3));
  });

  it("is told at once which names are no clusters, and later when they are", () => {
    const client = world.open("delta");
    client.subscribe(["a", "new"]);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY", "2:HEALTHY"] }, removed: ["new"] }]);
    world.plan(cluster("a", 1, 2), cluster("new", 9));
    assert.deepEqual(client.seen(), [{ clusters: { new: ["9:HEALTHY"] }, removed: [] }]);
  });

  it("is told of a cluster that is no more", () => {
    const client = world.open("delta");
    client.subscribe(["a", "b"]);
    client.seen();
    world.plan(cluster("a", 1, 2));
    assert.deepEqual(client.seen(), [{ clusters: {}, removed: ["b"] }]);
  });

  it("is not sent what it brings from an earlier stream, of this node or another", () => {
    const before = world.open("delta");
    before.subscribe(["a", "b"]);
    const versions = Object.fromEntries(
      before.pushes.flatMap((push) => push.resources.map((r) => [r.name, r.version])),
    );
    world = new EdsWorld();
    world.plan(cluster("b", 3), cluster("a", 1, 2));
    world.flag(1, 2, DOWN);
    const client = world.open("delta");
    client.subscribe(["a", "b"], versions);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY", "2:UNHEALTHY"] }, removed: [] }]);
  });

  it("is sent again what it subscribes to again: it may have forgotten it", () => {
    const client = world.open("delta");
    client.subscribe(["b"]);
    client.seen();
    client.subscribe(["b"]);
    assert.deepEqual(client.seen(), [{ clusters: { b: ["3:HEALTHY"] }, removed: [] }]);
  });

  it("hears no more of what it leaves, and leaving what it does not have is nothing", () => {
    const client = world.open("delta");
    client.subscribe(["a", "b"]);
    client.unsubscribe(["a", "else"]);
    client.seen();
    world.flag(0, 1, DOWN);
    world.clock.advanceMs(10);
    assert.deepEqual(client.seen(), []);
  });
});

describe("endpoint discovery", () => {
  beforeEach(() => {
    world = new EdsWorld();
  });

  it("waits with its answer until a cluster's endpoints are there", () => {
    world.tell({ type: "plan-assigned", clusters: [cluster("a")[0]] });
    const client = world.open("delta");
    client.subscribe(["a"]);
    world.clock.advanceMs(10_000);
    assert.deepEqual(client.seen(), []);
    world.plan(cluster("a", 1));
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY"] }, removed: [] }]);
  });

  it("says only after five seconds that a cluster is empty, and at once when it has become so", () => {
    world.plan(cluster("never"), cluster("once", 1));
    const client = world.open("sotw");
    client.want(["never", "once"]);
    world.tell({
      type: "endpoints-changed",
      updates: [{ kind: "delta", cluster: "once", baseVersion: 1, version: 2, removed: [1], changed: [] }],
    });
    assert.deepEqual(client.seen(), [
      { clusters: { once: ["1:HEALTHY"] }, removed: [] },
      { clusters: { once: [] }, removed: [] },
    ]);
    world.clock.advanceMs(4_990);
    assert.deepEqual(client.seen(), []);
    world.clock.advanceMs(20);
    assert.deepEqual(client.seen(), [{ clusters: { never: [] }, removed: [] }]);
  });

  it("asks for the whole of a cluster when a delta starts from another version", () => {
    world.plan(cluster("a", 1));
    const update = { kind: "delta", cluster: "a", version: 4, removed: [], changed: [] } as const;
    world.tell({ type: "endpoints-changed", updates: [{ ...update, baseVersion: 3 }] });
    assert.deepEqual(world.missed, ["a"]);
    world.tell({ type: "endpoints-changed", updates: [{ ...update, baseVersion: 1 }] });
    assert.deepEqual(world.missed, []);
  });

  it("gives a slow client one response at a time, and then what is true by then", () => {
    world.plan(cluster("a", 1), cluster("b", 2));
    const client = world.open("sotw");
    client.slow = true;
    client.want(["a", "b"]);
    assert.equal(client.seen().length, 1);
    for (let turn = 0; turn < 50; turn++) {
      world.flag(0, 1, turn % 2 === 0 ? DOWN : UP);
      world.flag(1, 2, DOWN);
      world.clock.advanceMs(10);
    }
    assert.deepEqual(client.seen(), []);
    client.drain();
    // Of `a` it has what is true now.
    assert.deepEqual(client.seen(), [{ clusters: { b: ["2:UNHEALTHY"] }, removed: [] }]);
  });

  it("sends many clusters in several responses", () => {
    const halfMiB = Array.from({ length: 1_024 }, (_, i) => numbered(endpoint(1, { hostname: "h".repeat(500) }), i));
    world.plan(...["a", "b", "c", "d"].map((name) => [checkedCluster(name, []), halfMiB] as const));
    const client = world.open("sotw");
    client.slow = true;
    client.want(["a", "b", "c", "d"]);
    const taken: string[][] = [];
    for (let turn = 0; turn < 5; turn++) {
      taken.push(client.pushes.splice(0).flatMap(({ resources }) => resources.map(({ name }) => name)));
      client.drain();
    }
    assert.deepEqual(taken, [["a", "b"], ["c", "d"], [], [], []]);
  });

  it("counts what a client refuses, logs it once with its reason, and sends it again only when it has changed", () => {
    world.plan(cluster("a", 1));
    const client = world.open("sotw");
    client.want(["a"], { node: "edge-1" });
    client.seen();
    for (let turn = 0; turn < 3; turn++) client.want(["a"], { error: "no such locality" });
    assert.equal(world.count("nacks"), 3);
    assert.deepEqual(world.logs, [
      "the xDS client 'edge-1' at 127.0.0.1:5 did not take its endpoints: no such locality",
    ]);
    assert.deepEqual(client.seen(), []);
    world.flag(0, 1, DOWN);
    world.clock.advanceMs(10);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:UNHEALTHY"] }, removed: [] }]);
  });

  it("does not look at flags for nobody, and shows the next client what has changed meanwhile", () => {
    world.plan(cluster("a", 1));
    const first = world.open("sotw");
    first.want(["a"]);
    first.close();
    world.clock.advanceMs(6_000);
    assert.equal(world.clock.wheel.size, 0);
    world.flag(0, 1, DOWN);
    const second = world.open("sotw");
    second.want(["a"]);
    assert.deepEqual(second.seen(), [{ clusters: { a: ["1:UNHEALTHY"] }, removed: [] }]);
  });

  it("serves only endpoints on an aggregated stream, and says so once", () => {
    world.plan(cluster("a", 1));
    const client = world.open("sotw", true);
    const typeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    client.want([], { typeUrl, node: "edge-1" });
    client.want([], { typeUrl });
    client.want(["a"]);
    assert.deepEqual(client.seen(), [{ clusters: { a: ["1:HEALTHY"] }, removed: [] }]);
    assert.equal(world.count("requests_other_type"), 2);
    assert.deepEqual(world.logs, [
      `the xDS client 'edge-1' at 127.0.0.1:5 asks for '${typeUrl}', which it will not get: this node serves endpoints`,
    ]);
  });

  it("ends a stream of the endpoint service that asks for something else, and takes one that names no type", () => {
    world.plan(cluster("a", 1));
    const typeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    world.open("sotw").want([], { typeUrl });
    assert.deepEqual(world.ended, [`1 invalid: this service has endpoints only, not '${typeUrl}'`]);
    const client = world.open("sotw");
    client.want(["a"], { typeUrl: "" });
    assert.equal(client.seen().length, 1);
  });

  it("ends streams beyond what one, and all, may cost", () => {
    world.open("delta").subscribe(Array.from({ length: NAMES_MAX + 1 }, (_, i) => `c${i}`));
    for (let i = 0; i <= STREAMS_MAX; i++) world.open("sotw");
    assert.deepEqual(world.ended, [
      "1 exhausted: a stream may subscribe to 65536 clusters",
      `${STREAMS_MAX + 2} exhausted: there are 8192 streams already`,
    ]);
    assert.equal(world.count("streams_refused"), 2);
  });

  it("counts the probes that its clients do not make: by client, check, endpoint and interval", () => {
    const checks = [httpCheck({ name: "a", intervalMs: 1_000 }), httpCheck({ name: "b", intervalMs: 4_000 })];
    const unchecked = endpoint(3, { check: { ...NO_ENDPOINT_CHECK, disabled: true } });
    const endpoints = [endpoint(1), endpoint(2), unchecked].map((one, slot) => numbered(one, slot));
    world.plan([checkedCluster("a", checks), endpoints], [checkedCluster("b", []), [numbered(endpoint(4), 4)]]);
    const [first, second] = [world.open("sotw"), world.open("delta")];
    first.want(["a", "b"]);
    second.subscribe(["a", "none"]);
    world.clock.advanceMs(4_020);
    assert.equal(world.saved, 2 * 2 * (4 + 1));
    first.close();
    second.close();
    world.clock.advanceMs(10_000);
    assert.equal(world.saved, 2 * 2 * (4 + 1));
  });
});
