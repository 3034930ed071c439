// Which requests have spans and what the upstream is told, on an exchange of the real data plane.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { InternalRedirectPlan } from "../../../src/config/plan/internal-redirect.ts";
import type { HttpConnectionManagerPlan } from "../../../src/config/plan/listener.ts";
import type { TracingPlan } from "../../../src/config/plan/tracing.ts";
import { spansRequest } from "../../../src/control/tracing/otlp-spans.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { forwarding, listener, manager, tracingPlan } from "../../support/listener-plans.ts";
import { readSpans, type SeenSpan } from "../../support/otlp-sink.ts";
import { routeConfig, virtualHost } from "../../support/route-plans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const ID = "x-request-id: 00000001-0000-4000-8000-000000000000\r\n";

describe("a tracer", () => {
  let world: ExchangeWorld;

  afterEach(() => assert.deepEqual(world.leaks(), []));

  it("begins a trace where there is none", () => {
    const [told, spans] = request("", {});
    assert.match(told("traceparent"), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(spans.length, 1);
    const [span] = spans;
    assert.equal(told("traceparent"), `00-${span?.traceId}-${span?.spanId}-01`);
    assert.deepEqual([span?.parentId, span?.name, span?.kind], ["", "ingress", SERVER]);
  });

  it("goes on with one that is sampled, and with one that is not", () => {
    const [told, spans] = request(`traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\n`, {});
    assert.equal(told("traceparent"), `00-${TRACE}-${spans[0]?.spanId}-01`);
    assert.equal(spans[0]?.parentId, "b7ad6b7169203331");
    const [toldToo, noSpans] = request(`traceparent: 00-${TRACE}-b7ad6b7169203331-00\r\n`, {});
    assert.match(toldToo("traceparent"), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    assert.deepEqual(noSpans, []);
    const [toldLast, noSpansEither] = request(`traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\n`, none);
    assert.match(toldLast("traceparent"), /-00$/);
    assert.deepEqual(noSpansEither, []);
  });

  for (const given of ["00-1-2-01", `00-${"0".repeat(32)}-b7ad6b7169203331-01`, `00-${TRACE}-${"0".repeat(16)}-01`]) {
    it(`leaves ${given} as it is, and makes no span`, () => {
      const [told, spans] = request(`traceparent: ${given}\r\n`, {});
      assert.equal(told("traceparent"), given);
      assert.deepEqual(spans, []);
    });
  }

  it("tells the upstream of a request that is not traced, too", () => {
    const [told, spans] = request("", none);
    assert.match(told("traceparent"), /-00$/);
    assert.deepEqual(spans, []);
    assert.equal(world.stat("http.main.tracing.not_traceable"), 1);
  });

  it("is silent towards the upstream when it is told to", () => {
    const [told, spans] = request("", { isSilent: true });
    assert.equal(told("traceparent"), "");
    assert.equal(spans.length, 1);
  });

  it("traces what a client wants traced, and says so in the request's id", () => {
    const [told, spans] = request(`${ID}x-client-trace-id: 1\r\n`, none);
    assert.equal(told("x-request-id").charAt(14), "b");
    assert.equal(spans.length, 1);
    assert.equal(world.stat("http.main.tracing.client_enabled"), 1);
  });

  it("decides as the proxy before it did", () => {
    const [told, spans] = request(ID.replace("-4000", "-9000"), none);
    assert.equal(told("x-request-id").charAt(14), "9");
    assert.equal(spans.length, 1);
    const [toldToo, noSpans] = request(ID.replace("-4000", "-a000"), { overallSampling: share(0, 100) });
    assert.equal(toldToo("x-request-id").charAt(14), "4");
    assert.deepEqual(noSpans, []);
  });

  it("gives each attempt a span of its own, which the upstream is told of: a child of the request's", () => {
    const [told, spans] = request(`traceparent: 00-${TRACE}-b7ad6b7169203331-01\r\n`, { spawnsUpstream: true });
    const server = spans.find(({ kind }) => kind === SERVER);
    const client = spans.find(({ kind }) => kind === CLIENT);
    assert.deepEqual([spans.length, server?.parentId, client?.parentId], [2, "b7ad6b7169203331", server?.spanId]);
    assert.deepEqual([server?.traceId, client?.traceId], [TRACE, TRACE]);
    assert.notEqual(client?.spanId, server?.spanId);
    assert.equal(told("traceparent"), `00-${TRACE}-${client?.spanId}-01`);
  });

  it("tells an upstream of an id that nobody exports where attempts would have spans and the request has none", () => {
    const [told, spans] = request(`traceparent: 00-${TRACE}-b7ad6b7169203331-00\r\n`, { spawnsUpstream: true });
    assert.deepEqual(spans, []);
    assert.match(told("traceparent"), new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-00$`));
  });

  it("says what was wrong only where something was", () => {
    const attributes = request("", {})[1][0]?.attributes ?? new Map();
    assert.equal(attributes.get("http.response.status_code"), "200");
    assert.deepEqual(
      [...attributes].flat().filter((text) => /^(error\.type|response_flags|-)$/.test(text)),
      [],
    );
  });

  it("follows chance by the request's id", () => {
    assert.equal(request(ID, { randomSampling: share(2, 10_000) })[1].length, 1);
    assert.equal(request(ID, { randomSampling: share(1, 10_000) })[1].length, 0);
  });

  it("has no second span where a redirect is followed here, and tells the upstream of the same trace", () => {
    const internalRedirect: InternalRedirectPlan = {
      redirectsMax: 1,
      statuses: [302],
      crossesSchemes: false,
      predicates: [],
      copiedHeaders: [],
    };
    const routes = routeConfig(virtualHost("all", ["*"], [forwarding("/", "up", { internalRedirect })]));
    world = new ExchangeWorld(listener(manager({ ...traced({}), routes })));
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const first = up.stream().header("traceparent") ?? "";
    up.stream().respond(302, { location: "http://a/b" });
    const second = up.stream().header("traceparent") ?? "";
    up.stream().respond(200);
    client.hangUp();
    assert.match(first, /-01$/);
    assert.match(second, /-00$/);
    assert.equal(second.slice(0, 36), first.slice(0, 36));
    assert.equal(world.stat("http.main.tracing.not_traceable"), 1);
  });

  const none: Partial<TracingPlan> = { randomSampling: share(0, 10_000) };

  /** Sends one; answers what the upstream was told, and the spans. */
  function request(
    fields: string,
    tracing: Partial<TracingPlan>,
  ): readonly [(name: string) => string, readonly SeenSpan[]] {
    world = new ExchangeWorld(listener(manager(traced(tracing))));
    const up = world.upstreams.add("up");
    const client = world.connect();
    client.send(`GET / HTTP/1.1\r\nhost: a\r\n${fields}\r\n`);
    const stream = up.stream();
    const head = new Map(stream.head.map((field) => field.split(": ", 2) as [string, string]));
    stream.respond(200, { "content-length": "2" }, "ok");
    client.hangUp();
    world.clock.advanceMs(200);
    const spans = world.spans.flatMap(({ bytes }) =>
      readSpans(Buffer.concat(spansRequest({ resource: new Map(), version: "1" }, [bytes]))),
    );
    return [(name) => head.get(name) ?? "", spans];
  }
});

function share(numerator: number, denominator: number): TracingPlan["randomSampling"] {
  return { numerator, denominator, runtimeKey: "" };
}

/** SPAN_KIND_SERVER */
const SERVER = 2;
/** SPAN_KIND_CLIENT */
const CLIENT = 3;

function traced(tracing: Partial<TracingPlan>): Partial<HttpConnectionManagerPlan> {
  return { preserveExternalRequestId: true, tracing: tracingPlan(tracing) };
}
