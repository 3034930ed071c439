import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { InternalRedirectPlan } from "../../../src/config/plan/internal-redirect.ts";
import type { ForwardPlan } from "../../../src/config/plan/route.ts";
import { Step } from "../../../src/dataplane/filters/filter.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import type { FakeCluster } from "../../support/fake-upstreams.ts";
import { acting, forward, listener, manager } from "../../support/listener-plans.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const GET = "GET /from HTTP/1.1\r\nhost: a\r\n\r\n";
const POST = "POST /from HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
const CANCEL = 8;

function policy(more: Partial<InternalRedirectPlan> = {}): InternalRedirectPlan {
  return { redirectsMax: 1, statuses: [302], crossesSchemes: false, predicates: [], copiedHeaders: [], ...more };
}

describe("a redirect of the upstream that is followed here", () => {
  let world: ExchangeWorld;
  let up: FakeCluster;
  let other: FakeCluster;
  let client: ClientChannel;

  function begin(
    more: Partial<InternalRedirectPlan> = {},
    action: Partial<ForwardPlan> = {},
    filters: ConstructorParameters<typeof ExchangeWorld>[1] = {},
  ): void {
    const operators = [
      "REQ(:METHOD)",
      "REQ(:PATH)",
      "ROUTE_NAME",
      "RESPONSE_CODE",
      "RESPONSE_CODE_DETAILS",
      "DURATION",
    ];
    const format = operators.flatMap((text) => {
      const [name = "", arg] = text.split(/[()]/);
      return [
        { kind: "operator", name, args: arg === undefined ? [] : [arg], lengthMax: 99 } as const,
        { kind: "literal", text: " " } as const,
      ];
    });
    const accessLogs = [{ sink: "file", path: "log", format, json: null, omitEmpty: false, filter: null } as const];
    const routes = routeConfig(
      virtualHost(
        "all",
        ["*"],
        [
          acting("/from", forward("up", { internalRedirect: policy(more), ...action }), { name: "from" }),
          acting("/to", forward("other"), { name: "to" }),
          acting("/here", { kind: "direct_response", status: 200, body: Buffer.from("hi"), bodyFormat: null }),
        ],
      ),
    );
    world = new ExchangeWorld(listener(manager({ accessLogs, routes })), filters);
    up = world.upstreams.add("up");
    other = world.upstreams.add("other");
    client = world.connect();
  }

  beforeEach(() => begin());

  afterEach(() => {
    assert.deepEqual(world.leaks(), []);
    world.clock.advanceMs(3_700_000);
    assert.equal(world.clock.wheel.size, 0, "no timer is left");
  });

  it("reaches the route that it names, and the client gets that one's answer", () => {
    client.send(GET);
    up.stream().respond(302, { location: "http://b.c/to?x=1#f" });
    assert.deepEqual(
      other.stream().head.filter((line) => /^(:path|:authority|x-envoy-original-url): /.test(line)),
      [":authority: b.c", ":path: /to?x=1", "x-envoy-original-url: http://a/from"],
    );
    assert.equal(other.stream().requestEnded, true);
    other.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 200 /);
    assert.equal(world.log(), "GET /to?x=1 from 302 internal_redirect 0 GET /to?x=1 to 200 via_upstream 0 ");
    assert.equal(world.stat("cluster.up.upstream_internal_redirect_succeeded_total"), 1);
    assert.equal(world.stat("cluster.up.upstream_rq_302"), 0, "the answer is nobody's");
    assert.equal(world.stat("http.main.downstream_rq_total"), 2);
    assert.equal(world.stat("http.main.downstream_rq_completed"), 1);
  });

  it("is the client's when the route has no policy", () => {
    begin({}, { internalRedirect: null });
    client.send(GET);
    up.stream().respond(302, { location: "http://b.c/to" });
    assert.match(client.received(), /^HTTP\/1.1 302 /);
    assert.equal(world.stat("cluster.up.upstream_internal_redirect_failed_total"), 0);
  });

  it("has its body thrown away: the stream is reset", () => {
    client.send(GET);
    const first = up.stream();
    first.respond(302, { location: "http://b.c/to" }, null);
    assert.equal(first.resetCode, CANCEL);
    other.stream().respond(200, {}, "fine");
    assert.match(client.received(), /fine/);
  });

  it("takes the request's body along", () => {
    client.send(`${POST}he`);
    client.send("llo");
    up.stream().respond(302, { location: "http://b.c/to" });
    assert.equal(up.stream().body, "hello");
    assert.equal(other.stream().body, "hello");
    assert.equal(other.stream().requestEnded, true);
    other.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 200 /);
  });

  it("is the client's while the request's body is still coming", () => {
    client.send(`${POST}he`);
    up.stream().respond(302, { location: "http://b.c/to" });
    assert.match(client.received(), /^HTTP\/1.1 302 /);
    assert.equal(world.stat("cluster.up.upstream_internal_redirect_failed_total"), 1);
  });

  it("is the client's when the body is more than is kept", () => {
    begin({}, { keptBody: { lowerBytesMax: 4, bytesMax: -1 } });
    client.send(`${POST}hello`);
    up.stream().respond(302, { location: "http://b.c/to" });
    assert.match(client.received(), /^HTTP\/1.1 302 /);
    assert.equal(world.stat("cluster.up.retry_or_shadow_abandoned"), 1);
  });

  it("makes of a 303 a GET without a body", () => {
    begin({ statuses: [303] });
    client.send(`${POST}hello`);
    up.stream().respond(303, { location: "http://b.c/to" });
    const { head, requestEnded } = other.stream();
    assert.ok(head.includes(":method: GET"));
    assert.equal(other.stream().header("content-length"), undefined);
    assert.equal(requestEnded, true);
    other.stream().respond(200);
  });

  it("copies headers of the answer, and what the answer has not the request loses", () => {
    begin({ copiedHeaders: ["x-one", "x-two"] });
    client.send("GET /from HTTP/1.1\r\nhost: a\r\nx-one: own\r\nx-two: own\r\n\r\n");
    up.stream().respond(302, { location: "http://b.c/to", "x-one": ["1", "2"] });
    assert.deepEqual(
      other.stream().head.filter((line) => line.startsWith("x-one") || line.startsWith("x-two")),
      ["x-one: 1", "x-one: 2"],
    );
    other.stream().respond(200);
  });

  it("has an answer of the proxy's own when its route gives one, on a connection that stays", () => {
    client.send(`${POST}hello`);
    up.stream().respond(302, { location: "http://b.c/here" });
    assert.match(client.received(), /^HTTP\/1.1 200 OK\r\n(?!connection)[\s\S]*hi$/);
    assert.equal(client.ending, "");
    assert.equal(world.stat("http.main.downstream_rq_response_before_rq_complete"), 0);
  });

  it("is the client's after as many as the policy lets be", () => {
    begin({ redirectsMax: 2 });
    client.send(GET);
    for (const path of ["/from1", "/from2", "/from3"]) up.stream().respond(302, { location: `http://b.c${path}` });
    assert.match(client.received(), /^HTTP\/1.1 302 [\s\S]*location: http:\/\/b\.c\/from3/);
    assert.equal(world.stat("http.main.passthrough_internal_redirect_too_many_redirects"), 1);
    assert.equal(world.stat("cluster.up.upstream_internal_redirect_succeeded_total"), 2);
  });

  it("starts from nothing with the connection's next request", () => {
    for (const _ of [1, 2]) {
      client.send(GET);
      up.stream().respond(302, { location: "http://b.c/to" });
      other.stream().respond(200);
      assert.match(client.received(), /^HTTP\/1.1 200 /);
    }
  });

  it("has the whole timeout of its route again", () => {
    client.send(GET);
    world.clock.advanceMs(10_000);
    up.stream().respond(302, { location: "http://b.c/to" });
    world.clock.advanceMs(14_000);
    other.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 200 /);
    assert.equal(world.log(), "GET /to from 302 internal_redirect 10000 GET /to to 200 via_upstream 24000 ");
  });

  it("goes through the filters anew, with its body", () => {
    const seen: string[] = [];
    const filter = (): object => ({
      decodeHead: (_: unknown, end: boolean) => {
        seen.push(`head ${end}`);
        return Step.Next;
      },
      decodeData: (bytes: Uint8Array, start: number, end: number, last: boolean) => {
        seen.push(`${Buffer.from(bytes.subarray(start, end))} ${last}`);
        return Step.Next;
      },
      done: () => void seen.push("done"),
    });
    begin({}, {}, { filters: [filter] });
    client.send(`${POST}hello`);
    up.stream().respond(302, { location: "http://b.c/to" });
    other.stream().respond(200);
    assert.deepEqual(seen, ["head false", "hello true", "done", "head false", "hello true", "done"]);
  });

  it("ends with its client", () => {
    client.send(GET);
    up.stream().respond(302, { location: "http://b.c/to" });
    client.hangUp();
    assert.equal(other.stream().resetCode, CANCEL);
  });

  it("is followed after an interim answer", () => {
    client.send(`${POST}hello`);
    up.stream().interim(103, { link: "</x>" });
    up.stream().respond(302, { location: "http://b.c/to" });
    assert.equal(other.stream().body, "hello");
    other.stream().respond(200);
    assert.match(client.received(), /^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 /);
  });

  for (const [title, more, location, counter] of [
    ["a location that leads nowhere", {}, "/to", "bad_location"],
    ["no route", {}, "http://b.c/nowhere", "no_route"],
    ["another scheme", {}, "https://b.c/to", "unsafe_scheme"],
    ["none allowed", { redirectsMax: 0 }, "http://b.c/to", "too_many_redirects"],
    [
      "a route that is not listed",
      { predicates: [{ kind: "allow_listed_routes", names: ["x"] }] },
      "http://b.c/to",
      "predicate",
    ],
    [
      "TLS behind none",
      { crossesSchemes: true, predicates: [{ kind: "safe_cross_scheme" }] },
      "https://b.c/to",
      "predicate",
    ],
  ] as const satisfies readonly (readonly [string, Partial<InternalRedirectPlan>, string, string])[]) {
    it(`is the client's with ${title}`, () => {
      begin(more);
      client.send(GET);
      up.stream().respond(302, { location });
      assert.match(client.received(), /^HTTP\/1.1 302 /);
      assert.equal(world.stat(`http.main.passthrough_internal_redirect_${counter}`), 1);
      assert.equal(world.stat("cluster.up.upstream_internal_redirect_failed_total"), 1);
      assert.equal(world.log(), "GET /from from 302 via_upstream 0 ");
    });
  }

  it("leads to no route twice from the same one with previous_routes", () => {
    begin({ redirectsMax: 9, predicates: [{ kind: "previous_routes" }] });
    client.send(GET);
    up.stream().respond(302, { location: "http://b.c/from1" });
    up.stream().respond(302, { location: "http://b.c/from2" });
    assert.match(client.received(), /^HTTP\/1.1 302 /);
    assert.equal(world.stat("http.main.passthrough_internal_redirect_predicate"), 1);
  });
});
