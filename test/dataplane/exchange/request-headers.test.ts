import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HttpConnectionManagerPlan } from "../../../src/config/plan/listener.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { goldenCases, steady } from "../../support/golden-responses.ts";
import { listener, manager } from "../../support/listener-plans.ts";
import { EDGE, goldenListener } from "./golden-plan.ts";

/** The head that a captured backend got, with `host` for `:authority`. */
function upstreamHeadOf(body: string): string[] {
  const echo = JSON.parse(body) as { method: string; url: string; headers: [string, string][] };
  return [`${echo.method} ${echo.url}`, ...echo.headers.map(([name, value]) => `${name}: ${value}`)].map(steady);
}

function upstreamHead(world: ExchangeWorld, request: string): string[] {
  const up = world.upstreams.add("up");
  const client = world.connect();
  client.send(request);
  const stream = up.stream();
  const fields = stream.head.filter((line) => !line.startsWith(":"));
  const head = [
    `${stream.header(":method")} ${stream.header(":path")}`,
    `host: ${stream.header(":authority")}`,
    ...fields,
  ];
  stream.respond(200);
  assert.deepEqual(world.leaks(), []);
  return head.map(steady);
}

/** Fields that one request gets upstream, `host` left out. */
function fields(changes: Partial<HttpConnectionManagerPlan>, ...lines: readonly string[]): string[] {
  const world = new ExchangeWorld(listener(manager(changes)));
  const request = ["GET /echo HTTP/1.1", "host: a", ...lines, "", ""].join("\r\n");
  return upstreamHead(world, request).slice(2);
}

describe("the request's head that an upstream gets", () => {
  const main = goldenCases("main-21500.txt");
  for (const name of ["echo", "attempt-count-echo", "rewrite", "regex-rewrite", "expect-100", "trace", "underscore"]) {
    it(`is that of Envoy 1.40: ${name}`, () => {
      const golden = main.get(name);
      assert.ok(golden !== undefined);
      const body = golden.body.slice(golden.body.indexOf("{"));
      assert.deepEqual(upstreamHead(new ExchangeWorld(goldenListener()), golden.request), upstreamHeadOf(body));
    });
  }

  const edge = goldenCases("edge-21501.txt");
  for (const name of ["echo", "host-port-strip", "norm", "slashes", "dotdot"]) {
    it(`is that of Envoy 1.40 at the edge: ${name}`, () => {
      const golden = edge.get(name);
      assert.ok(golden !== undefined);
      const world = new ExchangeWorld(goldenListener(EDGE));
      assert.deepEqual(upstreamHead(world, golden.request), upstreamHeadOf(golden.body));
    });
  }

  // The rest is what misc/results.txt of the captures shows, with the same requests.
  const forwarded = "x-forwarded-proto: http";
  const id = "x-request-id: UUID";
  const timeout = "x-envoy-expected-rq-timeout-ms: 15000";

  it("keeps an address in x-forwarded-for and drops what only trusted clients may say", () => {
    const got = fields({}, "x-forwarded-for: 10.0.0.1", "x-envoy-max-retries: 3");
    assert.deepEqual(got, ["x-forwarded-for: 10.0.0.1", forwarded, id, timeout]);
  });

  it("keeps a request id that the client chose", () => {
    assert.deepEqual(fields({}, "x-request-id: mine"), ["x-request-id: mine", forwarded, timeout]);
  });

  it("is marked internal for an internal address, and then a timeout header holds", () => {
    const got = fields(
      { useRemoteAddress: true, internalCidrs: ["127.0.0.0/8"] },
      "x-envoy-retry-on: 5xx",
      "x-envoy-upstream-rq-timeout-ms: 700",
      "x-request-id: mine",
    );
    assert.deepEqual(got, [
      "x-request-id: mine",
      "x-forwarded-for: 192.0.2.2",
      forwarded,
      "x-envoy-internal: true",
      "x-envoy-expected-rq-timeout-ms: 700",
    ]);
  });

  it("takes the client's address from behind the trusted hops", () => {
    const got = fields({ useRemoteAddress: true, xffTrustedHops: 1 }, "x-forwarded-for: 1.1.1.1, 2.2.2.2");
    assert.deepEqual(got, [
      "x-forwarded-for: 1.1.1.1, 2.2.2.2,192.0.2.2",
      forwarded,
      "x-envoy-external-address: 2.2.2.2",
      id,
      timeout,
    ]);
  });

  it("loses what concerns one hop only, and what its connection field names", () => {
    const got = fields({}, "connection: keep-alive, x-hop", "x-hop: 1", "keep-alive: 5", "te: gzip", "x-end: 1");
    assert.deepEqual(got, ["x-end: 1", forwarded, id, timeout]);
  });

  it("says trailers in te when the client does", () => {
    assert.ok(fields({}, "te: trailers, deflate").includes("te: trailers"));
  });

  it("has no x-envoy fields when they are suppressed", () => {
    assert.deepEqual(fields({ suppressEnvoyHeaders: true }), [forwarded, id]);
  });
});
