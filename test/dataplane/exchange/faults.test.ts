import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { acting, forward, forwarding, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
const CANCEL = 8;

describe("an exchange in which something breaks", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let client: ClientChannel;

  beforeEach(() => {
    const log = { kind: "operator", name: "RESPONSE_FLAGS", args: [], lengthMax: 99 } as const;
    const details = { kind: "operator", name: "RESPONSE_CODE_DETAILS", args: [], lengthMax: 99 } as const;
    const format = [log, { kind: "literal", text: " " } as const, details, { kind: "literal", text: "\n" } as const];
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const];
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")]));
    world = new ExchangeWorld(listener(manager({ accessLogs, routes })));
    up = world.upstreams.add("up");
    client = world.connect();
  });

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("resets the upstream when the client goes away while its body is on the way", () => {
    client.send(POST);
    client.send("ab");
    client.hangUp();
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(world.log(), "DC downstream_remote_disconnect\n");
    assert.equal(world.stat("http.main.downstream_rq_rx_reset"), 1);
    assert.equal(world.stat("http.main.downstream_cx_destroy_remote_active_rq"), 1);
  });

  it("resets the upstream when the client goes away while it waits", () => {
    client.send(GET);
    client.hangUp();
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(world.log(), "DC downstream_remote_disconnect\n");
  });

  it("resets the upstream when the client goes away during the response", () => {
    client.send(GET);
    up.stream().respond(200, { "content-length": "10" }, null);
    up.stream().data("12345", false);
    client.hangUp();
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(world.log(), "DC downstream_remote_disconnect\n");
  });

  it("takes back its wish when the client goes away before a stream is open", () => {
    up.mode = "wait";
    client.send(POST);
    client.hangUp();
    assert.equal(up.cancelled, 1);
  });

  it("treats a client's half-close as its end, as Envoy does", () => {
    client.send(GET);
    client.sendEnd();
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(client.ending, "close");
  });

  it("answers 503 with UR when the upstream resets before its head", () => {
    client.send(GET);
    up.stream().fail("remote_reset");
    assert.match(client.received(), /^HTTP\/1.1 503 .*reset reason: remote reset$/s);
    assert.equal(world.log(), "UR upstream_reset_before_response_started{remote_reset}\n");
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_error"), 1);
  });

  it("ends the connection when the upstream resets after its head, so that nobody takes the body for whole", () => {
    client.send(GET);
    up.stream().respond(200, {}, null);
    up.stream().data("half", false);
    up.stream().fail("remote_reset");
    assert.equal(client.ending, "close");
    assert.doesNotMatch(client.received(), /0\r\n\r\n$/);
    assert.equal(world.log(), "UR upstream_reset_after_response_started{remote_reset}\n");
    assert.equal(world.stat("http.main.downstream_rq_tx_reset"), 1);
  });

  it("breaks the response when the route's time is over in the middle of it", () => {
    client.send(GET);
    up.stream().respond(200, {}, null);
    world.clock.advanceMs(15_020);
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(client.ending, "close");
    assert.equal(world.log(), "UT response_timeout\n");
    assert.equal(world.stat("cluster.up.upstream_rq_timeout"), 1);
  });

  it("counts a route timeout for the cluster and its host", () => {
    client.send(GET);
    world.clock.advanceMs(15_020);
    assert.equal(world.stat("cluster.up.upstream_rq_timeout"), 1);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_timeout"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_504"), 1);
    assert.equal(world.stat("cluster.up.external.upstream_rq_5xx"), 1);
  });

  it("lets the route's time begin when the request is complete", () => {
    client.send(POST);
    world.clock.advanceMs(14_000);
    client.send("abcde");
    world.clock.advanceMs(14_000);
    assert.equal(client.received(), "");
    world.clock.advanceMs(1_020);
    assert.match(client.received(), /^HTTP\/1.1 504 /);
  });

  it("answers 400 to a body whose framing is wrong, as long as nothing was answered", () => {
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    assert.match(client.received(), /^HTTP\/1.1 400 Bad Request\r\n.*connection: close\r\n/s);
    assert.equal(up.stream().resetCode, CANCEL);
    assert.equal(world.stat("http.main.downstream_cx_protocol_error"), 1);
  });

  it("ends the connection after an answer that came before the end of the request", () => {
    client.send(POST);
    up.stream().respond(413, { "content-length": "0" });
    assert.match(client.received(), /^HTTP\/1.1 413 .*connection: close\r\n/s);
    assert.equal(client.ending, "close");
    assert.equal(world.stat("http.main.downstream_rq_response_before_rq_complete"), 1);
  });

  it("never passes on a 101 that nobody asked for", () => {
    client.send(GET);
    up.stream().respond(101, { upgrade: "websocket" }, null);
    assert.match(client.received(), /^HTTP\/1.1 502 /);
  });

  it("forgets an upstream that answers after the client's end", () => {
    client.send(GET);
    client.hangUp();
    up.stream().respond(200, {}, "late");
    assert.equal(world.stat("http.main.downstream_rq_active"), 0);
  });
});

describe("a pooled connection that had died", () => {
  const dead = { status: 200, fields: { "content-length": "2" } };

  it("is replaced without a word when no byte of an answer came", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    up.reused = true;
    const client = world.connect();
    client.send(GET);
    up.streams[0]?.fail();
    up.reused = false;
    up.streams[1]?.fail();
    up.streams[2]?.respond(dead.status, dead.fields, "ok");
    // The second stream was opened while connections still counted as reused, the third one is fresh.
    assert.equal(up.streams.length, 3);
    assert.match(client.received(), /^HTTP\/1.1 200 .*ok$/s);
    assert.equal(world.stat("cluster.up.upstream_rq_reconnect"), 2);
    assert.deepEqual(world.leaks(), []);
  });

  it("is not replaced by a fresh one that fails too", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(GET);
    up.stream().fail();
    assert.equal(up.streams.length, 1);
    assert.match(client.received(), /^HTTP\/1.1 503 /);
    assert.deepEqual(world.leaks(), []);
  });

  it("is not replaced for a POST that the upstream may have acted on", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    up.reused = true;
    const client = world.connect();
    client.send("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    up.stream().fail();
    assert.equal(up.streams.length, 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("is replaced for a POST that the upstream refused unseen, with its buffered body", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    up.reused = true;
    up.mode = "wait";
    const client = world.connect();
    client.send(`${POST}abcde`);
    up.openWaiting();
    up.streams[0]?.fail("remote_refused", { retrySafe: true });
    up.openWaiting();
    assert.equal(up.streams[1]?.body, "abcde");
    up.streams[1]?.respond(200, { "content-length": "0" });
    assert.match(client.received(), /^HTTP\/1.1 200 /);
    assert.deepEqual(world.leaks(), []);
  });

  it("is not replaced when part of the body is gone", () => {
    const world = new ExchangeWorld(listener());
    const up = world.upstreams.add("up");
    up.reused = true;
    const client = world.connect();
    client.send(`${POST}ab`);
    up.stream().fail("remote_refused", { retrySafe: true });
    assert.equal(up.streams.length, 1);
    assert.deepEqual(world.leaks(), []);
  });
});

describe("a weighted route", () => {
  it("spreads requests by weight, and one without a cluster gets 503", () => {
    const rest = { headers: NONE, hostRewrite: "", filterOverrides: [], metadataMatch: null };
    const weighted = (name: string, weight: number) => ({ name, key: name, weight, ...rest });
    const clusters = [weighted("one", 3), weighted("two", 1)];
    const choice = {
      kind: "weighted",
      by: "chance",
      clusters,
      totalWeight: 4,
      runtimeKeyPrefix: "",
      headerName: "",
    } as const;
    const routes = routeConfig(virtualHost("all", ["*"], [acting("/", forward(choice))]));
    const world = new ExchangeWorld(listener(manager({ routes })));
    const one = world.upstreams.add("one");
    for (let i = 0; i < 400; i++) {
      const client = world.connect();
      client.send(GET);
      if (one.streams.some((stream) => !stream.isOver)) one.stream().respond(200);
    }
    assert.ok(Math.abs(one.streams.length - 300) < 40, `${one.streams.length} of 400`);
    assert.equal(world.stat("http.main.no_cluster"), 400 - one.streams.length);
    assert.deepEqual(world.leaks(), []);
  });
});

const NONE = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };
