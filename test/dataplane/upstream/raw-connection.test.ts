import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { breakerDefaults, clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TcpWorld } from "../../support/tcp-world.ts";

function world(connectAttemptsMax = 1): TcpWorld {
  const breakers = { default: { ...breakerDefaults, perHostConnectionsMax: 1 }, high: breakerDefaults };
  return new TcpWorld({ connectAttemptsMax }, [clusterPlan("c", [endpoint(81)], { breakers })]);
}

describe("raw connections to an endpoint that may have only so many", () => {
  it("wait for the end of one, in the order in which they came", () => {
    const w = world();
    const first = w.connect();
    const second = w.connect(false);
    const third = w.connect(false);
    second.send("second");
    third.send("third");
    assert.equal(w.upstreams.length, 1);
    assert.equal(w.cluster("upstream_rq_pending_active"), 2);
    first.hangUp();
    w.upstream().hangUp();
    assert.equal(w.upstreams.length, 2);
    w.upstream().handler.onConnect();
    assert.equal(w.upstream().received(), "second");
    w.upstream().hangUp();
    second.hangUp();
    w.upstream().handler.onConnect();
    assert.equal(w.upstream().received(), "third");
    third.hangUp();
    w.upstream().hangUp();
    assert.equal(w.upstreams.length, 3);
    assert.equal(w.cluster("upstream_rq_total"), 3);
    assert.deepEqual(w.leaks(), []);
  });

  it("leave the line when their clients do", () => {
    const w = world();
    const first = w.connect();
    const second = w.connect(false);
    second.hangUp();
    assert.equal(w.cluster("upstream_rq_cancelled"), 1);
    assert.equal(w.cluster("upstream_rq_pending_active"), 0);
    first.hangUp();
    w.upstream().hangUp();
    assert.equal(w.upstreams.length, 1);
    assert.deepEqual(w.leaks(), []);
  });

  it("fail with the one that cannot be made, and may try again", () => {
    const w = world(2);
    const clients = [w.connect(false), w.connect(false)];
    w.upstream().hangUp();
    assert.equal(w.cluster("upstream_rq_pending_failure_eject"), 2);
    assert.equal(w.upstreams.length, 2);
    w.upstream().hangUp();
    assert.deepEqual(
      clients.map(({ isGone }) => isGone),
      [true, true],
    );
    assert.equal(w.cluster("upstream_cx_connect_attempts_exceeded"), 2);
    assert.deepEqual(w.leaks(), []);
  });
});
