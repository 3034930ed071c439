import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { listener } from "../../support/listener-plans.ts";

const KIB = 1024;
const BIG_POST = `POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: ${1024 * KIB}\r\n\r\n`;

describe("pressure", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;

  beforeEach(() => {
    world = new ExchangeWorld(listener(), { memoryBytesMax: 100 * KIB });
    up = world.upstreams.add("up");
    client = world.connect();
  });

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("stops reading the client while the upstream takes no more, and goes on when it does", () => {
    client.send(BIG_POST);
    up.stream().backedUp = true;
    client.send("x".repeat(KIB));
    assert.equal(client.isPaused, true);
    up.stream().writable();
    assert.equal(client.isPaused, false);
    assert.equal(world.stat("http.main.downstream_flow_control_paused_reading_total"), 1);
    assert.equal(world.stat("http.main.downstream_flow_control_resumed_reading_total"), 1);
    assert.equal(world.stat("cluster.up.upstream_flow_control_backed_up_total"), 1);
    assert.equal(world.stat("cluster.up.upstream_flow_control_drained_total"), 1);
  });

  it("keeps a body that waits for its upstream to 32 KiB and one read", () => {
    up.mode = "wait";
    client.send(BIG_POST);
    for (let sent = 0; !client.isPaused; sent += 8 * KIB) {
      assert.ok(sent <= 140 * KIB);
      client.send("x".repeat(8 * KIB));
    }
    assert.equal(world.context.budget.heldBytes, 64 * KIB); // the body, and the pause itself
    up.openWaiting();
    assert.equal(client.isPaused, false);
    assert.equal(up.stream().body.length, 32 * KIB);
    assert.equal(world.context.budget.heldBytes, 0);
  });

  it("stops the upstream while the client takes nothing, and goes on when it does", () => {
    client.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    client.isStalled = true;
    up.stream().respond(200, {}, null);
    up.stream().data("x".repeat(140 * KIB), false);
    assert.equal(up.stream().isPaused, true);
    client.unstall();
    assert.equal(up.stream().isPaused, false);
    up.stream().data("", true);
    assert.match(client.received(), /x\r\n0\r\n\r\n$/);
    assert.equal(world.stat("cluster.up.upstream_flow_control_paused_reading_total"), 1);
    assert.equal(world.stat("cluster.up.upstream_flow_control_resumed_reading_total"), 1);
  });

  it("refuses new requests while the worker holds more than its budget", () => {
    up.mode = "wait";
    for (let i = 0; i < 2; i++) {
      const other = world.connect();
      other.send(BIG_POST);
      other.send("x".repeat(40 * KIB));
    }
    client.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert.match(client.received(), /^HTTP\/1.1 503 .*envoy overloaded$/s);
    assert.equal(world.stat("http.main.downstream_rq_overload_close"), 1);
  });

  it("leaves nothing paused behind when the client goes away under pressure", () => {
    client.send(BIG_POST);
    up.stream().backedUp = true;
    client.send("x");
    up.stream().respond(200, {}, null);
    client.isStalled = true;
    up.stream().data("x".repeat(140 * KIB), false);
    client.hangUp();
    assert.equal(world.context.budget.heldBytes, 0);
    const next = world.connect();
    next.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    up.stream().respond(200, { "content-length": "2" }, "ok");
    assert.match(next.received(), /^HTTP\/1.1 200 .*ok$/s);
  });
});
