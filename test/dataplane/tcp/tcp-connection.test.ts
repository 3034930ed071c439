import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseFormat } from "../../../src/config/compile/format.ts";
import type { AccessLogPlan } from "../../../src/config/plan/access-log.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TcpWorld } from "../../support/tcp-world.ts";

describe("a TCP proxy's connection", () => {
  it("is read from when the endpoint is connected, and not before", () => {
    const world = new TcpWorld();
    const client = world.connect(false);
    assert.equal(client.isPaused, true);
    client.send("read before the pause");
    world.upstream().handler.onConnect();
    assert.equal(client.isPaused, false);
    assert.equal(world.upstream().received(), "read before the pause");
    client.hangUp();
    world.upstream().hangUp();
    assert.deepEqual(world.leaks(), []);
  });

  it("carries bytes both ways and counts them", () => {
    const world = new TcpWorld();
    const client = world.connect();
    client.send("to the endpoint");
    world.upstream().send("to the client, twice");
    assert.equal(world.upstream().received(), "to the endpoint");
    assert.equal(client.received(), "to the client, twice");
    assert.equal(world.tcp("downstream_cx_rx_bytes_total"), 15);
    assert.equal(world.tcp("downstream_cx_tx_bytes_total"), 20);
    assert.equal(world.cluster("upstream_cx_rx_bytes_total"), 20);
    assert.equal(world.cluster("upstream_rq_active"), 1);
  });

  it("passes the end of each direction on and lets the other go on", () => {
    const world = new TcpWorld();
    const client = world.connect();
    const upstream = world.upstream();
    client.sendEnd();
    assert.equal(upstream.isFinished, true);
    assert.equal(upstream.isGone, false);
    upstream.send("answered after the question's end");
    upstream.sendEnd();
    assert.equal(client.isFinished, true);
    assert.equal(client.received(), "answered after the question's end");
    upstream.hangUp();
    assert.equal(client.ending, "", "the client still takes the rest");
    client.hangUp();
    assert.equal(world.cluster("upstream_cx_destroy_remote"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("sends the end on that came while it connected", () => {
    const world = new TcpWorld();
    const client = world.connect(false);
    client.send("all there is");
    client.sendEnd();
    world.upstream().handler.onConnect();
    assert.equal(world.upstream().received(), "all there is");
    assert.equal(world.upstream().isFinished, true);
  });

  it("counts an end as ours when the endpoint had ended its side first", () => {
    const world = new TcpWorld();
    const client = world.connect();
    world.upstream().sendEnd();
    client.sendEnd();
    world.upstream().hangUp();
    assert.equal(world.cluster("upstream_cx_destroy_local"), 1);
  });

  it("passes a reset on, whichever side it comes from", () => {
    const world = new TcpWorld({ accessLogs: [log("%RESPONSE_FLAGS%")] });
    const first = world.connect();
    world.upstream().hangUp({ kind: "reset", text: "" });
    assert.equal(first.isReset, true);
    const second = world.connect();
    second.hangUp({ kind: "reset", text: "" });
    assert.equal(world.upstream().isReset, true);
    assert.equal(world.log(), "UR\n-\n");
    world.clock.advanceMs(10_100);
    assert.deepEqual(world.leaks(), []);
  });

  it("pauses the client while the endpoint takes nothing, and goes on when it does", () => {
    const world = new TcpWorld();
    const client = world.connect();
    const upstream = world.upstream();
    upstream.isStalled = true;
    client.send("x".repeat(131_071));
    assert.equal(client.isPaused, false);
    client.send("x");
    assert.equal(client.isPaused, true);
    upstream.unstall();
    assert.equal(client.isPaused, false);
    assert.equal(world.tcp("downstream_flow_control_paused_reading_total"), 1);
    assert.equal(world.tcp("downstream_flow_control_resumed_reading_total"), 1);
  });

  it("pauses the endpoint at the listener's limit while the client takes nothing", () => {
    const world = new TcpWorld({}, undefined, 1_000);
    const client = world.connect();
    const upstream = world.upstream();
    client.isStalled = true;
    upstream.send("x".repeat(1_000));
    assert.equal(upstream.isPaused, true);
    client.unstall();
    assert.equal(upstream.isPaused, false);
    assert.equal(world.cluster("upstream_flow_control_paused_reading_total"), 1);
    assert.equal(world.cluster("upstream_flow_control_resumed_reading_total"), 1);
  });

  it("gives the endpoint what a client left behind, and counts it as flushed", () => {
    const world = new TcpWorld();
    const client = world.connect();
    const upstream = world.upstream();
    upstream.isStalled = true;
    client.send("the last words");
    client.hangUp();
    assert.equal(upstream.ending, "close");
    assert.equal(world.tcp("upstream_flush_active"), 1);
    assert.equal(world.service.connections(), 0);
    upstream.hangUp();
    assert.equal(world.tcp("upstream_flush_total"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("ends when no byte passes for the idle time, and not while bytes do", () => {
    const world = new TcpWorld({ idleTimeoutMs: 1_000 });
    const client = world.connect();
    world.clock.advanceMs(900);
    client.send("a");
    world.clock.advanceMs(900);
    world.upstream().send("b");
    world.clock.advanceMs(900);
    assert.equal(client.isGone, false);
    world.clock.advanceMs(200);
    assert.equal(client.ending, "abort");
    assert.equal(world.tcp("idle_timeout"), 1);
    assert.equal(world.cluster("upstream_cx_destroy_local"), 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("ends at its greatest age, however busy", () => {
    const world = new TcpWorld({ durationMaxMs: 1_000, accessLogs: [log("%RESPONSE_FLAGS% %DURATION%")] });
    const client = world.connect();
    world.clock.advanceMs(990);
    client.send("busy");
    world.clock.advanceMs(30);
    assert.equal(client.isGone, true);
    assert.equal(world.tcp("max_downstream_connection_duration"), 1);
    assert.match(world.log(), /^DT 10[01]\d\n$/);
  });

  it("may grow older by chance when a jitter says so, and no older", () => {
    const world = new TcpWorld({ durationMaxMs: 1_000, durationJitterPercent: 50 });
    const clients = Array.from({ length: 20 }, () => world.connect());
    world.clock.advanceMs(1_020);
    const early = clients.filter(({ isGone }) => isGone).length;
    assert.ok(early < 20, "not all at once");
    world.clock.advanceMs(500);
    assert.equal(clients.filter(({ isGone }) => isGone).length, 20);
  });

  it("is tried as often as configured, then ended", () => {
    const world = new TcpWorld({ connectAttemptsMax: 3, accessLogs: [log(ATTEMPTS)] }, [TWO]);
    const client = world.connect(false);
    for (let i = 0; i < 3; i++) world.upstream().hangUp(REFUSED);
    assert.equal(client.ending, "abort");
    assert.equal(world.upstreams.length, 3);
    assert.equal(new Set(world.upstreams.map(({ remotePort }) => remotePort)).size, 2);
    assert.equal(world.cluster("upstream_cx_connect_attempts_exceeded"), 1);
    assert.equal(world.cluster("upstream_cx_connect_fail"), 3);
    assert.equal(world.cluster("upstream_rq_pending_failure_eject"), 3);
    assert.match(world.log(), /^UF,URX 3 delayed_connect_error:_Connection_refused 127.0.0.1:8\d\n$/);
    world.clock.advanceMs(10_100);
    assert.deepEqual(world.leaks(), []);
  });

  it("waits longer and longer between attempts when the file gives a back-off", () => {
    const world = new TcpWorld({ connectAttemptsMax: 4, connectBackOffBaseMs: 1_000, connectBackOffMaxMs: 2_000 });
    world.connect(false);
    world.upstream().hangUp(REFUSED);
    assert.equal(world.upstreams.length, 1);
    world.clock.advanceMs(1_020);
    assert.equal(world.upstreams.length, 2);
    world.upstream().hangUp(REFUSED);
    world.clock.advanceMs(2_020);
    assert.equal(world.upstreams.length, 3);
  });

  it("forgets the pause and the attempt when the client leaves meanwhile", () => {
    const world = new TcpWorld({ connectAttemptsMax: 2, connectBackOffBaseMs: 1_000, connectBackOffMaxMs: 1_000 });
    const pausing = world.connect(false);
    world.upstream().hangUp(REFUSED);
    pausing.hangUp();
    const connecting = world.connect(false);
    connecting.hangUp();
    assert.equal(world.cluster("upstream_rq_cancelled"), 1);
    world.clock.advanceMs(5_000);
    assert.equal(world.upstreams.length, 2);
    assert.deepEqual(world.leaks(), []);
  });

  it("is refused when the cluster's connections are used up", () => {
    const breakers = { default: { ...TWO.breakers.default, connectionsMax: 1 }, high: TWO.breakers.high };
    const world = new TcpWorld({ accessLogs: [log("%RESPONSE_FLAGS%")] }, [{ ...TWO, breakers }]);
    const first = world.connect();
    const second = world.connect(false);
    assert.equal(second.ending, "abort");
    assert.equal(world.cluster("upstream_cx_overflow"), 1);
    first.hangUp();
    world.upstream().hangUp();
    world.connect();
    assert.equal(world.log(), "UO\n-\n");
  });

  it("tries again in a later turn when too many wait", () => {
    const breakers = { default: { ...TWO.breakers.default, pendingMax: 0 }, high: TWO.breakers.high };
    const world = new TcpWorld({ connectAttemptsMax: 3, accessLogs: [log(ATTEMPTS)] }, [{ ...TWO, breakers }]);
    const client = world.connect(false);
    assert.equal(client.isGone, false);
    world.clock.advanceMs(100);
    assert.equal(client.ending, "abort");
    assert.equal(world.cluster("upstream_rq_pending_overflow"), 3);
    assert.equal(world.log(), "URX 3 - -\n");
  });

  it("is refused without an endpoint, and without a cluster", () => {
    const world = new TcpWorld({ accessLogs: [log("%RESPONSE_FLAGS%")] }, [clusterPlan("c", [])]);
    world.connect(false);
    assert.equal(world.cluster("upstream_cx_none_healthy"), 1);
    const other = new TcpWorld({ accessLogs: [log("%RESPONSE_FLAGS%")] }, []);
    other.connect(false);
    assert.equal(other.tcp("downstream_cx_no_route"), 1);
    assert.equal(world.log() + other.log(), "UH\nNC\n");
  });

  it("goes to clusters by weight", () => {
    const weighted = { clusters: [30, 70].map((weight) => ({ name: `c${weight}`, weight, metadataMatch: null })) };
    const world = new TcpWorld(weighted, [clusterPlan("c30", [endpoint(30)]), clusterPlan("c70", [endpoint(70)])]);
    for (let i = 0; i < 1_000; i++) world.connect();
    const share = world.upstreams.filter(({ remotePort }) => remotePort === 70).length;
    assert.ok(share > 650 && share < 750, `${share} of 1,000`);
  });

  it("says when it was connected, and now and then while it lasts", () => {
    const lines = { accessLogs: [log("%BYTES_SENT% %UPSTREAM_CLUSTER%")], logsOnConnected: true };
    const world = new TcpWorld({ ...lines, logIntervalMs: 1_000 });
    const client = world.connect();
    world.upstream().send("four");
    world.clock.advanceMs(2_100);
    client.hangUp();
    assert.equal(world.log(), "0 c\n4 c\n4 c\n4 c\n");
  });

  it("outlives its listener by ten minutes at most", () => {
    const world = new TcpWorld();
    const client = world.connect();
    world.service.drain(false);
    client.send("still here");
    world.clock.advanceMs(599_000);
    assert.equal(world.upstream().received(), "still here");
    assert.equal(client.isGone, false);
    world.clock.advanceMs(1_100);
    assert.equal(client.isGone, true);
  });

  it("ends with the next byte while the listener drains, where the file says so", () => {
    const world = new TcpWorld({ checksDrain: true });
    const client = world.connect();
    world.service.drain(false);
    client.send("the last");
    assert.equal(world.upstream().received(), "the last");
    assert.equal(client.ending, "close");
    assert.equal(world.upstream().ending, "close");
    assert.equal(world.tcp("downstream_cx_drain_close"), 1);
  });

  it("goes on under a new plan that leaves its proxy alone", () => {
    const world = new TcpWorld();
    const client = world.connect();
    world.service.applyPlan(structuredClone(world.plan));
    world.clock.advanceMs(700_000);
    client.send("unbothered");
    assert.equal(world.upstream().received(), "unbothered");
  });
});

const TWO = clusterPlan("c", [endpoint(81), endpoint(82)]);
const REFUSED = { kind: "connect-refused", text: "delayed_connect_error:_Connection_refused" } as const;
const ATTEMPTS =
  "%RESPONSE_FLAGS% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_TRANSPORT_FAILURE_REASON% %UPSTREAM_HOST%";

function log(text: string): AccessLogPlan {
  const parsed = parseFormat(`${text}\n`);
  assert.ok(parsed.ok);
  return { sink: "file", path: "log", format: parsed.parts, json: null, omitEmpty: false, filter: null };
}
