import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { HeaderAddPlan, HeaderChangesPlan } from "../../../src/config/plan/route.ts";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { steady } from "../../support/golden-responses.ts";
import { Http2Client } from "../../support/http2-client.ts";
import { acting, forwarding, listener, manager } from "../../support/listener-plans.ts";
import { noChanges, routeConfig, virtualHost } from "../../support/route-plans.ts";

const INT31_MAX = 0x7fff_ffff;

describe("an HTTP/2 downstream", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let channel: ClientChannel;
  let client: Http2Client;

  beforeEach(() => {
    const format = ["RESPONSE_FLAGS", "RESPONSE_CODE_DETAILS", "PROTOCOL"].flatMap((name) => [
      { kind: "operator", name, args: [], lengthMax: 99 } as const,
      { kind: "literal", text: " " } as const,
    ]);
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const];
    const direct = { kind: "direct_response", status: 404, body: new Uint8Array(0), bodyFormat: null } as const;
    const routes = routeConfig(
      virtualHost(
        "all",
        ["*"],
        [
          acting("/direct", direct),
          forwarding("/none", "none"),
          forwarding("/short", "up", { timeoutMs: 100 }),
          forwarding("/", "up"),
        ],
      ),
    );
    world = new ExchangeWorld(listener(manager({ accessLogs, routes })));
    up = world.upstreams.add("up");
    world.upstreams.add("none").mode = "no_healthy_upstream";
    channel = world.connect();
    client = new Http2Client(channel);
  });

  afterEach(() => assert.deepEqual(world.leaks(), []));

  // Heads as responses/h2.txt of the captures has them.

  it("gets an upstream's answer with the fields of Envoy 1.40", () => {
    const call = client.request("/up/hostname");
    up.stream().respond(200, { "content-type": "text/html", "content-length": "15", date: "x" }, "ServerName: up\n");
    client.settle();
    assert.deepEqual(call.head.map(steady), [
      "content-type: text/html",
      "content-length: 15",
      "date: DATE",
      "x-envoy-upstream-service-time: MS",
      "server: envoy",
    ]);
    assert.equal(call.body, "ServerName: up\n");
    assert.equal(world.log(), "- via_upstream HTTP/2 ");
  });

  it("gets local answers with the fields of Envoy 1.40", () => {
    const none = client.request("/none");
    assert.equal(none.status, 503);
    assert.deepEqual(
      none.head.map((line) => line.replace(/^date: .*/, "date")),
      ["content-length: 19", "content-type: text/plain", "date", "server: envoy"],
    );
    assert.equal(none.body, "no healthy upstream");
    const direct = client.request("/direct");
    assert.equal(direct.status, 404);
    assert.equal(direct.ended, true);
    assert.deepEqual(
      direct.head.map((line) => line.replace(/^date: .*/, "date")),
      ["date", "server: envoy"],
    );
  });

  it("has its requests served side by side, in any order", () => {
    const calls = ["/1", "/2", "/3"].map((path) => client.request(path));
    assert.equal(world.stat("http2.streams_active"), 3);
    for (const stream of up.streams.toReversed()) stream.respond(200, {}, stream.header(":path") ?? "");
    client.settle();
    assert.deepEqual(
      calls.map(({ body }) => body),
      ["/1", "/2", "/3"],
    );
    assert.equal(world.stat("http.main.downstream_rq_http2_total"), 3);
    assert.equal(world.stat("http2.streams_active"), 0);
  });

  it("takes one request back without harm to the others", () => {
    const gone = client.request("/1");
    const other = client.request("/2");
    gone.writer?.reset(ErrorCode.Cancel);
    client.settle();
    assert.equal(up.streams[0]?.resetCode, ErrorCode.Cancel);
    up.streams[1]?.respond(200, {}, "still here");
    client.settle();
    assert.equal(other.body, "still here");
    assert.match(world.log(), /^DR http2\.remote_reset HTTP\/2 /);
    assert.equal(world.stat("http.main.downstream_rq_rx_reset"), 1);
    assert.equal(world.stat("http2.rx_reset"), 1);
  });

  it("gets an answer before its request is complete, and is asked to stop", () => {
    const call = client.request("/early", { end: false, fields: { ":method": "POST" } });
    up.stream().respond(200, {}, "early");
    client.settle();
    assert.equal(call.body, "early");
    assert.equal(call.ended, true);
    assert.equal(up.stream().resetCode, ErrorCode.NoError);
    assert.equal(world.stat("http.main.downstream_rq_response_before_rq_complete"), 1);
    assert.equal(channel.ending, "");
  });

  it("learns by a reset that an answer broke off", () => {
    const call = client.request("/x");
    up.stream().respond(200, {}, null);
    up.stream().data("part", false);
    up.stream().fail("remote_reset");
    client.settle();
    assert.equal(call.body, "part");
    assert.equal(call.fault?.code, ErrorCode.InternalError);
    assert.equal(channel.ending, "");
  });

  it("gets trailers, and the host's success waits for grpc-status", () => {
    const call = client.request("/s/m", { fields: { ":method": "POST", "content-type": "application/grpc" } });
    up.stream().respond(200, { "content-type": "application/grpc" }, null);
    up.stream().data("message", false);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_success"), 0);
    up.stream().endWithTrailers({ "grpc-status": "14" });
    client.settle();
    assert.deepEqual(call.trailers, ["grpc-status: 14"]);
    assert.equal(world.stat("host.up.127.0.0.1:80.rq_error"), 1);
  });

  it("sends trailers up", () => {
    const call = client.request("/x", { end: false, fields: { ":method": "POST" } });
    call.writer?.writeData(Buffer.from("body"), 0, 4, false);
    client.settle();
    const trailers = client.trailers({ "x-sum": "1" });
    call.writer?.writeTrailers(trailers);
    client.settle();
    assert.equal(up.stream().body, "body");
    assert.deepEqual(up.stream().trailers, ["x-sum: 1"]);
    assert.equal(up.stream().requestEnded, true);
    up.stream().respond(200);
  });

  it("gets a gRPC status when the route's time is over", () => {
    const call = client.request("/short", { fields: { ":method": "POST", "content-type": "application/grpc" } });
    world.clock.advanceMs(150);
    client.settle();
    assert.equal(call.status, 200);
    assert.ok(call.head.includes("grpc-status: 14"));
    assert.ok(call.head.includes("grpc-message: upstream request timeout"));
  });

  it("is drained in two steps: first it may finish opening, then no new stream counts", () => {
    const call = client.request("/x");
    world.service.drain(false);
    client.settle();
    assert.deepEqual(client.goaways, [INT31_MAX]);
    world.clock.advanceMs(5_050);
    client.settle();
    assert.deepEqual(client.goaways, [INT31_MAX, 1]);
    assert.equal(channel.ending, "");
    up.stream().respond(200, {}, "done");
    client.settle();
    assert.equal(call.body, "done");
    assert.equal(channel.ending, "close");
  });

  it("is asked to leave when it was idle for its time", () => {
    world.clock.advanceMs(3_600_050);
    client.settle();
    assert.deepEqual(client.goaways, [INT31_MAX]);
    world.clock.advanceMs(5_050);
    assert.equal(channel.ending, "close");
    assert.equal(world.stat("http.main.downstream_cx_idle_timeout"), 1);
  });

  it("whose bytes are no HTTP/2 is ended and counted", () => {
    channel.send(Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]));
    assert.equal(channel.ending, "close");
    assert.equal(world.stat("http.main.downstream_cx_protocol_error"), 1);
  });
});

describe("an answer of the proxy itself", () => {
  // Heads of the real Envoy 1.40 for the same routes.
  const change = (name: string, value: string): HeaderAddPlan => ({
    name,
    value: [{ kind: "literal", text: value }],
    action: "append",
    keepEmpty: false,
  });
  const code = { kind: "operator", name: "RESPONSE_CODE", args: [], lengthMax: 99 } as const;
  const adding = (...responseAdd: readonly HeaderAddPlan[]): HeaderChangesPlan => ({ ...noChanges, responseAdd });

  function headOf(request: string): string[] {
    const host = virtualHost(
      "all",
      ["*"],
      [
        { ...forwarding("/overflow", "overflow"), headers: adding(change("x-route", "r")) },
        { ...forwarding("/missing", "nope"), headers: adding(change("x-route", "r")) },
        forwarding("/", "up"),
      ],
    );
    const atHost = { ...change("x-host", ""), value: [code] };
    const withHost = { ...host, headers: adding(atHost), includeAttemptCountInResponse: true };
    const routes = { ...routeConfig(withHost), headers: adding(change("x-config", "c")) };
    const world = new ExchangeWorld(listener(manager({ routes })));
    world.upstreams.add("overflow").mode = "overflow";
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(request);
    for (const stream of up.streams) stream.respond(200, { "content-length": "0" });
    const [head = ""] = client.received().split("\r\n\r\n");
    assert.deepEqual(world.leaks(), []);
    return steady(head).split("\r\n");
  }

  it("carries the header changes of all levels before what the router adds", () => {
    assert.deepEqual(headOf("GET /overflow HTTP/1.1\r\nhost: a\r\n\r\n"), [
      "HTTP/1.1 503 Service Unavailable",
      "x-route: r",
      "x-host: 0",
      "x-config: c",
      "x-envoy-overloaded: true",
      "x-envoy-attempt-count: 1",
      "content-length: 81",
      "content-type: text/plain",
      "date: DATE",
      "server: envoy",
    ]);
  });

  it("has its gRPC fields behind them", () => {
    assert.deepEqual(
      headOf("POST /overflow HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n"),
      [
        "HTTP/1.1 200 OK",
        "x-route: r",
        "x-host: 0",
        "x-config: c",
        "x-envoy-overloaded: true",
        "x-envoy-attempt-count: 1",
        "content-type: application/grpc",
        "grpc-status: 14",
        "grpc-message: upstream connect error or disconnect/reset before headers. reset reason: overflow",
        "date: DATE",
        "server: envoy",
        "content-length: 0",
      ],
    );
  });

  it("names no attempt when there was no cluster to try", () => {
    const head = headOf("GET /missing HTTP/1.1\r\nhost: a\r\n\r\n");
    assert.deepEqual(head.slice(0, 4), ["HTTP/1.1 503 Service Unavailable", "x-route: r", "x-host: 0", "x-config: c"]);
    assert.equal(
      head.some((line) => line.startsWith("x-envoy-attempt")),
      false,
    );
  });

  it("is 500 when the configuration makes a request too large for any upstream", () => {
    const copies = Array.from({ length: 8 }, (_, i) => ({
      ...change(`x-copy-${i}`, ""),
      value: [{ kind: "operator", name: "REQ", args: ["x-big"], lengthMax: Number.POSITIVE_INFINITY } as const],
    }));
    const headers = { ...noChanges, requestAdd: copies };
    const routes = { ...routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")])), headers };
    const world = new ExchangeWorld(listener(manager({ routes })));
    const up = world.upstreams.add("up");
    const ask = (bytes: number): string =>
      world.ask(`GET / HTTP/1.1\r\nhost: a\r\nx-big: ${"x".repeat(bytes)}\r\n\r\n`);
    assert.match(ask(20_000), /^HTTP\/1.1 500 /);
    assert.equal(up.streams.length, 0);
    ask(1_000);
    assert.equal(up.streams.length, 1);
    assert.deepEqual(world.leaks(), []);
  });

  it("differs from an upstream's answer in its code, which is known there", () => {
    assert.deepEqual(headOf("GET /x HTTP/1.1\r\nhost: a\r\n\r\n").slice(2, 6), [
      "x-envoy-upstream-service-time: MS",
      "x-host: 200",
      "x-config: c",
      "x-envoy-attempt-count: 1",
    ]);
  });
});
